// 关怀版: larger letters and fewer choices, for whoever has it in the mini program's pages too.

const KEY = "huizhen.care";

export function caring() {
  try {
    return localStorage.getItem(KEY) === "1";
  } catch {
    return false;
  }
}

export function showCare() {
  document.documentElement.classList.toggle("care", caring());
}

export function setCare(on) {
  try {
    localStorage.setItem(KEY, on ? "1" : "0");
  } catch {
    // Without storage it lasts as long as the page.
  }
  document.documentElement.classList.toggle("care", on);
}
