// 注销与删除: what goes at once, what the law keeps and until when, and the deed, which cannot be taken back. With ?patient= a ward's record alone.

import { Problem } from "../shared/api.js";
import { button, card, h, replace } from "../shared/dom.js";
import { intention } from "../shared/intention.js";
import { confirmed, notice } from "../shared/states.js";
import { ask } from "./session.js";

export async function erasure({ query, again }) {
  const patient = query.get("patient");
  const plan = await ask("GET", patient ? `erasure?patient_id=${encodeURIComponent(patient)}` : "erasure");
  const page = h("div", null);
  const trouble = h("div", { "aria-live": "polite" });
  const wish = intention();

  const erase = async () => {
    const question = patient ? "删除他的资料?删了不能恢复。" : "注销账号、删除资料?删了不能恢复,您会退出登录。";
    if (!(await confirmed(question, "删除,不再恢复", "先不"))) return;
    try {
      const done = await ask("POST", "erasure", { body: { confirm: true, ...(patient ? { patient_id: patient } : {}) }, key: wish.key() });
      replace(page, told(done));
      page.querySelector("h2")?.scrollIntoView();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  const unlock = async () => {
    if (!(await confirmed("恢复使用病历?给您看病的医生又能看到。", "恢复使用", "先不"))) return;
    try {
      await ask("POST", `patients/${plan.locked}/unlock`, { body: { confirm: true }, key: wish.key() });
      await again();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  replace(page, lists(plan), trouble,
    plan.locked && button("恢复使用病历", unlock, "default"),
    button(patient ? "删除他的资料" : "注销账号、删除资料", erase, "warn"));
  return [page];
}

const lists = (plan) => [
  plan.locked && h("p", { class: "notice", role: "status" }, "病历已锁定:只保存,不使用。"),
  card(h("h2", null, "马上删除"), h("ul", null, plan.goes.length ? plan.goes.map((one) => h("li", null, one)) : h("li", null, "没有可以马上删的。"))),
  plan.stays.length > 0 && card(h("h2", null, "依法要留"), plan.stays.map((one) =>
    h("p", null, `${one.what}。`, h("span", { class: "faint" }, `${one.rule}${one.until ? `,到 ${one.until} 止` : ",从办完算起"}。`)))),
  card(h("h2", null, "这里管不到的"), h("ul", null, plan.limits.map((one) => h("li", null, one)))),
];

const told = (done) => done.state === "asked"
  ? [h("h2", null, "已提出申请"), h("p", { class: "notice", role: "status" }, done.question)]
  : [h("h2", null, "已经删除"), h("p", { class: "notice notice-good", role: "status" }, "密钥已销毁,以前的备份里也打不开了。要留凭据,请截图。"), lists(done)];
