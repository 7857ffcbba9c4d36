// Follow-up of one patient: what is due, begin from a template, a visit face to face, end.

import { Problem, upload } from "../shared/api.js";
import { spoken } from "../shared/dates.js";
import { h, replace } from "../shared/dom.js";
import { confirmed, notice } from "../shared/states.js";
import { orderButton } from "../shared/asking.js";

const TEMPLATES = { hypertension: "高血压随访", diabetes: "2型糖尿病随访" };
const REASONS = { finished: "按计划做完了", refused: "病人不愿意", moved: "病人搬走了", mistake: "建错了" };
const STATES = { pending: "", reminded: "已提醒" };

export function plansPart(patient, plans, again) {
  const running = plans.filter((one) => one.running);
  const ended = plans.filter((one) => !one.running);
  return h("div", null,
    running.map((one) => runningPlan(one, again)),
    startPlan(patient, new Set(running.map((one) => one.template)), again),
    ended.length > 0 && h("details", { class: "doctor-fold", "data-id": "ended" }, h("summary", { class: "fold" }, `结束的计划 ${ended.length} 个`),
      ended.map((one) => h("p", null, `${one.title}:${spoken(one.started_at)} 到 ${spoken(one.ended_at)}`))));
}

function runningPlan(plan, again) {
  const trouble = h("div");
  const why = h("select", { "aria-label": "为什么结束" }, Object.entries(REASONS).map(([code, label]) => h("option", { value: code }, label)));
  const visited = orderButton("今天见面随访过了", async () =>
    (await confirmed(`记下${plan.title}的一次见面随访?下次的时间会跟着排。`, "记下")) ? [`plans/${plan.plan_id}/visits`, {}] : null, again, { trouble, stale: again });
  const end = orderButton("结束计划", async () =>
    (await confirmed(`结束${plan.title}?没到的提醒都不再发。`, "结束", "不结束")) ? [`plans/${plan.plan_id}/end`, { reason: why.value }] : null, again, { trouble, kind: "warn", stale: again });
  return h("section", { class: "panel" },
    h("h2", null, plan.title),
    plan.missed_in_row > 1 && h("p", { class: "doctor-watch" }, `连着 ${plan.missed_in_row} 次没有回音,请联系病人。`),
    plan.due.length ? h("ul", { class: "doctor-due" }, plan.due.map((one) => h("li", null, h("b", null, one.label), ` ${spoken(one.due_at)} ${STATES[one.state] ?? ""}`))) : h("p", { class: "faint" }, "眼下没有要做的。"),
    h("p", { class: "faint" }, `依据:${plan.sources.join("、")}${plan.rules_signed ? "" : "(演示·未经临床审定)"}`),
    trouble, visited,
    h("details", { "data-id": `end-${plan.plan_id}` }, h("summary", { class: "fold" }, "结束这个计划"), h("label", { class: "field" }, h("span", null, "为什么结束"), why), end));
}

function startPlan(patient, running, again) {
  const free = Object.entries(TEMPLATES).filter(([code]) => !running.has(code));
  if (!free.length) return null;
  const trouble = h("div");
  if (patient.care_needs.length) return consentFirst(patient, again);
  const start = (code, label) => orderButton(`建${label}`, async () =>
    (await confirmed(`为${patient.number}号 ${patient.full_name} 建${label}?会按计划提醒,夜里不发。`, "建计划")) ? [`patients/${patient.patient_id}/plans`, { template: code }] : null, again, { trouble, kind: "default", stale: again });
  const place = h("div", { class: "actions" });
  replace(place, trouble, free.map(([code, label]) => start(code, label)));
  return place;
}

/** Follow-up needs consent to care: in the patient's own app, or on paper, photographed here. */
function consentFirst(patient, again) {
  const said = h("div", { "aria-live": "polite" });
  const input = h("input", { type: "file", class: "unseen", accept: "image/*", capture: "environment" });
  input.addEventListener("change", async () => {
    const [photo] = input.files;
    input.value = "";
    if (!photo) return;
    try {
      await upload(`patients/${patient.patient_id}/consents/care/paper`, photo, (part) => replace(said, h("progress", { max: 1, value: part, "aria-label": "照片上传进度" })));
      await again();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(said, notice(problem));
    }
  });
  const how = patient.has_wechat ? "请他在小程序「授权与隐私」里点同意,或者签纸质的,拍下来。" : "请他签纸质的「看病与健康服务」同意书,拍下来。";
  return h("div", { class: "doctor-none" }, h("p", null, `要先有知情同意才能建随访:${how}`), said, h("label", { class: "pick pick-second" }, input, "拍签好字的同意书"), h("a", { class: "weui-btn weui-btn_default", href: patient.care_needs.includes("children") ? "#/consent/care/children" : "#/consent/care" }, "打印空白同意书"));
}
