// The telephone as the last resort: whoever cannot get the video to work asks to be called.

import { Problem, request } from "../shared/api.js";
import { button, h, replace } from "../shared/dom.js";

/** A button that asks for a call and then says who calls. */
export function phoneButton(consultationId, attributes = {}) {
  const place = h("div", { class: "actions phone" });
  const said = h("p", { role: "status", hidden: true });
  const ask = button("电话联系我", async () => {
    try {
      const { told } = await request("POST", `consultations/${consultationId}/call/phone`, { body: {} });
      replace(place, h("p", { role: "status", class: "phone-said" }, `已经告诉${told}打电话给您,请留意手机。视频也可以继续试。`));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      said.hidden = false;
      said.textContent = problem.message;
    }
  }, "default", attributes);
  replace(place, ask, said);
  return place;
}

/** For who treats the patient: it was telephoned. */
export const phoneDone = (consultationId, done) => button("已打过电话", async () => {
  await request("POST", `consultations/${consultationId}/call/phone/done`, { body: {} });
  done();
}, "default", { class: "sheet-button" });

/** Who cannot come to the video now says so in one tap: who waits for him is told, and need not wait. */
export function declineButton(consultationId) {
  const place = h("div", { class: "actions" });
  const said = h("p", { role: "status", hidden: true });
  replace(place, button("现在不能视频", async () => {
    try {
      await request("POST", `consultations/${consultationId}/call/decline`, { body: {} });
      replace(place, h("p", { role: "status" }, "已经告诉对方,您现在不能视频。能的时候再点「加入」。"));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      said.hidden = false;
      said.textContent = problem.message;
    }
  }, "default"), said);
  return place;
}
