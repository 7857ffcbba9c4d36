// Amounts are whole fen everywhere; people read ¥25.92.

/** 2592 → ¥25.92 */
export const yuan = (fen) => `${fen < 0 ? "-" : ""}¥${Math.floor(Math.abs(fen) / 100)}.${String(Math.abs(fen) % 100).padStart(2, "0")}`;

/** A sentence of the practice, whose amounts read "25.92 元", as pages write them. */
export const inYuan = (sentence) => sentence.replace(/(\d+\.\d{2}) 元/g, "¥$1");
