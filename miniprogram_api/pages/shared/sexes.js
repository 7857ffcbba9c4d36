// A sex as people read it.

export const sexLabel = (sex) => ({ male: "男", female: "女" })[sex] ?? "";
