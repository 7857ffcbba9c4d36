// Starters of an opinion: sentences with gaps (____) that remind of what an opinion has to say. They hold no advice of their own.

export const GAP = "____";

const EMERGENCY = new Set(["critical", "emergent"]);

const TEMPLATES = [
  { label: "危急:先稳住再转", when: (one) => EMERGENCY.has(one.urgency), fields: {
    assessment: "目前首先考虑____,依据:____;还要排除____。",
    advice: "1. 现在做:____\n2. 监测:每____分钟测____\n3. 转院:送____,途中____",
    watch_for: "出现____马上打 120,并再次呼叫会诊。" } },
  { label: "转诊", when: () => true, fields: {
    advice: "建议转诊到____(科室:____),____之前到。途中:____。带上:____。",
    watch_for: "途中出现____,就近送____。" } },
  { label: "补检查再看", when: () => true, fields: {
    assessment: "目前资料还不能定,考虑____或____。",
    advice: "请先补:____。结果出来后____再看。" } },
  { label: "当地处理、复诊", when: (one) => !EMERGENCY.has(one.urgency), fields: {
    assessment: "考虑____,依据:____。",
    advice: "1. 处理:____\n2. 用药见处方\n3. 复诊:____天后,看____",
    watch_for: "出现____提前复诊或再次发起会诊。" } },
  { label: "读图", when: (one) => one.images > 0, fields: { assessment: "图像所见:____。结合病情考虑____。" } },
  { label: "心电/心脏", when: (one) => one.department === "心血管内科", fields: {
    assessment: "心电图:节律____,ST-T ____。胸痛性质____,危险因素____。考虑____。",
    advice: "心电图____分钟后复查;监测血压、心率、血氧;____。" } },
  { label: "神经:发病时间", when: (one) => one.department === "神经内科", fields: {
    assessment: "最后正常的时间:____。体征:____。考虑____,还要排除____。",
    advice: "1. 记下最后正常的时间\n2. ____\n3. 转院:____" } },
  { label: "呼吸", when: (one) => one.department === "呼吸内科", fields: {
    assessment: "呼吸频率____,血氧____(吸氧____)。肺部听诊____。考虑____。",
    advice: "1. 血氧目标____\n2. ____\n3. ____天后复查____" } },
  { label: "儿科:按体重", when: (one) => ["儿科", "小儿外科"].includes(one.department), fields: {
    assessment: "体重____kg,精神____,进食和小便____。考虑____。",
    advice: "1. 补液:____\n2. 退热:____(按体重)\n3. ____小时后再评估",
    watch_for: "精神差、不吃不喝、抽搐或____,马上送医。" } },
];

/** The starters that fit this case, the most particular first. */
export const templatesFor = (view) => TEMPLATES.filter((one) => one.when(view));
