// What stands behind # never reaches the house, and the platform's sign-in puts its own in its place: taken along in the address to come back to.
const link = document.getElementById("sign-in");
const opened = location.hash.slice(1);
if (/^\/[\w/-]{1,200}$/.test(opened)) {
  const platform = new URL(link.href);
  const back = new URL(platform.searchParams.get("redirect_uri"));
  back.searchParams.set("opened", opened);
  platform.searchParams.set("redirect_uri", back.href);
  link.href = platform.href;
}
location.replace(link.href);
