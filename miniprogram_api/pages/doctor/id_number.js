// What an ID number says, and what is wrong with it, in words. The practice checks it again.

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** {problem} or {born: Date, sex: "男" | "女"} of an ID number as typed. */
export function readIdNumber(text, today = new Date()) {
  const id = text.trim().toUpperCase();
  if (!/^\d{17}[\dX]$/.test(id)) return { problem: `身份证号是 18 位,最后一位可以是 X;现在是 ${id.length} 位。` };
  const [year, month, day] = [id.slice(6, 10), id.slice(10, 12), id.slice(12, 14)].map(Number);
  const born = new Date(Date.UTC(year, month - 1, day));
  if (born.getUTCMonth() !== month - 1 || born.getUTCDate() !== day || born > today) return { problem: "身份证号里的出生日期不对,请再对一遍。" };
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(id[index]), 0);
  if ("10X98765432"[sum % 11] !== id[17]) return { problem: "身份证号好像有一位打错了,请再对一遍。" };
  return { id, born, sex: Number(id[16]) % 2 ? "男" : "女" };
}
