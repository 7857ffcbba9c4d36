// What stands behind the # of an address: anybody can write anything there.

/** "slots/03.01" → ["slots", "03.01"]; [""] where a % stands for nothing, so that a damaged link leads to the first page. */
export function stepsOf(path) {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    return [""];
  }
}
