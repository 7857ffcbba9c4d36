// The pharmacist's page: what waits for the review, what lies ready to be handed out, emergency doses to look at afterwards, what was done today.

import { request } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { beside, caseFold, fetchOpened, head } from "../shared/opened.js";
import { Worklist } from "../shared/worklist.js";
import { costs } from "./costs.js";
import { codeBox, dispensing } from "./dispensing.js";
import { doses } from "./doses.js";
import { review } from "./review.js";

new Worklist({
  notMine: "这一页是给药师用的。签处方请打开签名页面,您的会诊在聊天里发「进度」就能看。",
  above: (view, list) => [doses(view.doses, list), codeBox(list)],
  groups: (view) => [
    { heading: "待审方", rows: view.to_review, none: "现在没有待审的处方。来了会在企业微信里通知您。" },
    { heading: "待发药", rows: view.to_dispense, none: "没有等取药的处方。" },
    { heading: "今天做完的", rows: view.done_today, none: "今天还没有审过处方。", folded: true },
  ],
  fetch: async (id) => {
    const [found, quote] = await Promise.all([fetchOpened(id), request("GET", `prescriptions/${id}/quote`)]);
    return { ...found, quote };
  },
  draw: (found, list) => {
    const changed = (next, said) => list.changed(found.rx.prescription_id, next, said);
    return h("div", null,
      head(found.rx),
      found.rx.return_reason && h("p", { class: "notice" }, `${found.rx.pharmacist}退回:${found.rx.return_reason}`),
      beside(found, costs(found.quote)),
      caseFold(found.rx),
      found.rx.state === "RELEASED" ? [dispensing(found.rx, changed), review(found.rx, changed)] : review(found.rx, changed));
  },
});
