// A patient of hers who had his record locked: what that means, and how it is used again when he stands before her and wants it.

import { Problem, request } from "../shared/api.js";
import { button, h, replace } from "../shared/dom.js";
import { intention } from "../shared/intention.js";
import { confirmed, notice } from "../shared/states.js";

export function lockedPart(one, again) {
  const trouble = h("div", { "aria-live": "polite" });
  const wish = intention();
  const unlock = async () => {
    if (!(await confirmed(`${one.number}号病人本人现在在您面前,亲口要求恢复使用病历?会记下是您办的,并告诉他和家属。`, "本人在场,恢复使用", "先不"))) return;
    try {
      await request("POST", `patients/${one.patient_id}/unlock`, { body: { confirm: true }, key: wish.key() });
      await again("病历已恢复使用。看病的同意已撤回,要用时请他重新签。");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  return h("section", { class: "panel panel-strong" },
    h("h2", null, `${one.number}号 已按本人要求锁定`),
    h("p", null, "本人要求删除资料,依法要保存的病历只保存、不使用:看不到,也不能写、不能请会诊。"),
    h("p", null, "救人急用,不必等:先打 120,再凭他的身份证号", h("a", { href: "../emergency/" }, "紧急调阅"), ",写明理由。"),
    trouble,
    button("本人要求恢复使用", unlock, "primary"));
}
