// 急用一剂: one dose on the strength of the signed decision. Its contraindications are asked one by one; a single 有 stops it.

import { Problem } from "../../shared/api.js";
import { spoken } from "../../shared/dates.js";
import { button, h, replace } from "../../shared/dom.js";
import { confirmed, loading, notice } from "../../shared/states.js";
import { signed } from "../../shared/case_summary.js";
import { ask, orderButton } from "../../shared/asking.js";

export function dosePart(view, dose, choices, again) {
  if (dose) return given(dose);
  if (view.state !== "IN_PROGRESS" || !view.opinion?.decision || view.opinion.decision.choice === "disagree" || !choices) return null;
  return h("details", { class: "panel", "data-id": "dose" }, h("summary", { class: "fold" }, "急用一剂(马上要用、等不及处方)"), order(view, choices, again));
}

const given = (dose) => h("section", { class: "panel", "aria-label": "急用一剂" },
  h("h2", null, `急用一剂:${dose.name} ${dose.amount}`),
  h("p", null, dose.directions),
  dose.warnings.map((one) => h("p", { class: "notice" }, `提醒:${one}`)),
  dose.watch && h("p", null, dose.watch),
  h("p", { class: "faint" }, `已排除:${dose.ruled_out.join(";")}`),
  signed(dose.signature_valid, `${dose.ordered_by} · ${spoken(dose.ordered_at)}`),
  h("p", { class: "faint" }, dose.seen_by ? `药师 ${dose.seen_by} 已看过。` : "已告诉药师。"));

function order(view, choices, again) {
  const place = h("div", { "data-asking": "" });
  const which = h("div", { class: "choices doctor-choices", role: "group", "aria-label": "用哪一种" }, choices.doses.map((one) => {
    const press = h("button", { type: "button", "aria-pressed": "false" }, `${one.name}(${one.when})`);
    press.addEventListener("click", () => {
      for (const other of which.children) other.setAttribute("aria-pressed", String(other === press));
      which.dataset.typed = "";
      replace(place, new Asking(view, one, again).element);
    });
    return press;
  }));
  return h("div", null,
    h("p", null, "依据您签名的决定,一次会诊只能用一次,药师随后会看到。"),
    !choices.rules_signed && h("p", { class: "faint" }, "演示·未经临床审定"),
    which, place);
}

/** The contraindications of one dose, one question after the other. */
class Asking {
  constructor(view, dose, again) {
    Object.assign(this, { view, dose, again, ruledOut: [] });
    this.open = Object.entries(dose.contraindications);
    this.element = h("div", { "aria-live": "polite" });
    this.draw();
  }

  draw() {
    const done = this.ruledOut.map((code) => h("p", { class: "done-line" }, `✓ 没有:${this.dose.contraindications[code]}`));
    replace(this.element,
      h("p", null, h("b", null, `${this.dose.name} ${this.dose.amount}`), ` ${this.dose.directions}`),
      this.dose.watch && h("p", { class: "dose-watch" }, this.dose.watch),
      done, this.ruledOut.length < this.open.length ? this.question() : this.confirm());
  }

  /** Nothing is ordered: the expert is told, who would else believe that it was given. Over a weak link it can be tried again. */
  ends(told, body) {
    const trouble = h("div");
    const order = { dose: this.dose.code, ...body };
    const send = orderButton("告诉专家没有用", () => [`consultations/${this.view.consultation_id}/emergency-dose-not-given`, order],
      () => replace(place, h("p", { class: "done-line", role: "status" }, "已告诉专家,这一剂没有用。")), { trouble, kind: "default" });
    const place = h("div", null, trouble, send);
    replace(this.element, h("p", { class: "notice", role: "alert" }, told), place);
    send.click();
  }

  question() {
    const [code, words] = this.open[this.ruledOut.length];
    const answer = (label, kind, then) => {
      const press = h("button", { type: "button", class: `weui-btn weui-btn_${kind}` }, label);
      press.addEventListener("click", then);
      return press;
    };
    return h("div", { class: "doctor-question", role: "group", "aria-label": words },
      h("p", null, `第 ${this.ruledOut.length + 1} 条,共 ${this.open.length} 条:`, h("b", null, words)),
      answer("看过,没有", "default", () => {
        this.ruledOut.push(code);
        this.draw();
        this.element.querySelector("button")?.focus();
      }),
      answer("有,或不清楚", "warn", () => this.ends(`有「${words}」,${this.dose.name}现在不能用。请马上和专家商量;病人不好先打 120。`, { why: "contraindicated", contraindication: code })),
      answer("不用这一剂", "default", () => this.leave()));
  }

  leave() {
    this.ends(`没有下 ${this.dose.name}。`, { why: "not_used" });
  }

  /** Before the signature stands what is on record against it: what forbids it ends here. */
  confirm() {
    const place = h("div", null, loading());
    const look = async () => {
      try {
        const known = await ask(`consultations/${this.view.consultation_id}/emergency-dose-check?dose=${this.dose.code}`);
        if (known.refused.length) this.ends(`这一剂现在不能用:${known.refused.join(";")}。请马上和专家商量。`, { why: "on_record" });
        else replace(place, [known.warnings.map((one) => h("p", { class: "notice", role: "note" }, `提醒:${one}`)), this.sign(known.warnings), button("不用这一剂", () => this.leave(), "default")]);
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        replace(place, notice(problem), button("再核对一次", look, "default"));
      }
    };
    look();
    return place;
  }

  sign(warnings) {
    const trouble = h("div");
    const weighed = warnings.length ? `提醒:${warnings.join(";")}。` : "";
    const send = orderButton("签名,用这一剂", async () =>
      (await confirmed(`确认签名:给病人用 ${this.dose.name} ${this.dose.amount},禁忌已逐条排除。${weighed}`, "确认签名"))
        ? [`consultations/${this.view.consultation_id}/emergency-dose`, { dose: this.dose.code, ruled_out: this.ruledOut, confirm: true }] : null, this.again, { trouble, stale: this.again });
    return [trouble, send];
  }
}
