// What was said to be wrong of a field is said no longer once the field is written, chosen or filled otherwise.

/** Clears the words in `said` and the mark of `inputs` as soon as something within `place` is typed or chosen. */
export function mended(place, said, ...inputs) {
  const clear = () => {
    if (said) said.textContent = "";
    for (const one of inputs) one.removeAttribute("aria-invalid");
  };
  for (const event of ["input", "change"]) place.addEventListener(event, clear);
  return clear;
}
