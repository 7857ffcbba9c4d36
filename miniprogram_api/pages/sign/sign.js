// The duty doctor's page: prescriptions that a village doctor may not sign, or would rather not, wait here for a doctor above.

import { beside, caseFold, fetchOpened, head, panel } from "../shared/opened.js";
import { h } from "../shared/dom.js";
import { signingForm } from "../shared/signing.js";
import { Worklist } from "../shared/worklist.js";

const BEYOND = "村医不能签的原因";

new Worklist({
  notMine: "这一页是给卫生院和县医院值班医生用的。村医请在自己的页面里签,药师请打开审方页面。",
  groups: (view) => [
    { heading: "等您签名", rows: view.to_sign, none: "现在没有等签名的处方。有了会在企业微信里通知您。" },
    { heading: "您今天签的", rows: view.done_today, none: "今天还没有签过。", folded: true },
  ],
  fetch: fetchOpened,
  draw: (found, list) => h("div", null,
    head(found.rx),
    found.rx.return_reason && h("p", { class: "notice" }, `${found.rx.pharmacist}退回:${found.rx.return_reason}`),
    beside(found, found.rx.beyond_village.length > 0 && panel(BEYOND, found.rx.beyond_village.map((one) => h("p", null, one)))),
    caseFold(found.rx, { candidates: true }),
    panel("签名", signingForm(found.rx, { as: "duty_doctor", changed: (next, said) => list.changed(found.rx.prescription_id, next, said) }))),
});
