// The first visit: three sentences to try, each put ready into the right phone, and where one makes the platform fail and sees what was sent.

import { button, h } from "./dom.js";

const SEEN_KEY = "huizhen.simulator.hints";

export const SENTENCES = [
  { who: "患者", words: "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷", does: "问几句,再说该多快看、看哪个科", role: "patient", aged: [50, 80], otherwise: 0, chat: "official_account" },
  { who: "另一位患者的家属", words: "俺爹半拉身子不听使唤,嘴也歪了", does: "立刻叫打 120,同时提醒值班医生", role: "patient", aged: [18, 45], otherwise: 1, chat: "official_account" },
  { who: "村医在群里", words: "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急", does: "马上呼叫专家", role: "village_doctor", chat: "group" },
];

/** Who says it: the first of the people with that role whose age lets the sentence be true ("俺爹" is said by somebody young enough). */
export function speaker(sentence, people) {
  const fitting = people.filter((person) => person.role === sentence.role);
  const age = (person) => Number(/(\d+)\s*岁/.exec(person.title ?? "")?.[1] ?? NaN);
  const [from, to] = sentence.aged ?? [];
  return (sentence.aged && fitting.find((person) => age(person) >= from && age(person) <= to)) || fitting[Math.min(sentence.otherwise ?? 0, fitting.length - 1)];
}

export const hintsSeen = () => {
  try {
    return localStorage.getItem(SEEN_KEY) === "1";
  } catch {
    return false;
  }
};

/** `prepare(sentence)` opens the right phone and chat with the words ready to be sent; `control(pane)` opens that pane of the drawer. */
export function hints({ prepare, control, close }) {
  const dismiss = () => {
    try {
      localStorage.setItem(SEEN_KEY, "1");
    } catch {
      // Shown again next time, which does no harm.
    }
    close();
  };
  return h("section", { class: "hints", "aria-label": "可以试的三句话" },
    h("div", { class: "hints-head" },
      h("p", null, "几部手机并排,都是演示里的人。试试这三句:"),
      h("div", { class: "hints-more" }, h("span", { class: "faint" }, "也可以:"),
        button("弄出网络故障", () => control("network"), { class: "text-button" }), button("看发件箱", () => control("outbox"), { class: "text-button" })),
      button("知道了", dismiss, { class: "text-button" })),
    h("ol", null, SENTENCES.map((sentence) => h("li", null,
      button([h("span", { class: "hint-who" }, sentence.who), h("span", { class: "hint-words" }, `「${sentence.words}」`), h("span", { class: "faint" }, sentence.does)],
        () => prepare(sentence), { class: "hint" })))));
}
