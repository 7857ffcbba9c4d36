// Signing a prescription, for the village doctor within her list and for the duty doctor above her.
//
//   place.append(signingForm(rx, { as: "village_doctor", changed }));
//
// rx       GET prescriptions/{id}; what waits for this doctor's signature is PROPOSED (village_doctor) or REFERRED (duty_doctor),
//          in any other state the element says where it stands, and offers 撤回 to who signed it until the drugs are handed out
// as       "village_doctor": 签名 / 请镇卫生院医生签 / 撤回;  "duty_doctor": 签名 / 不签,撤回
// changed  changed(next, said): a step was made (next is the new rx), or somebody else was faster (next is null: ask anew).
//          `said` is a sentence for the person either way. Draw the new state; do not draw while `isBusy(element)`.
//
// The form asks before it signs and sends confirm=true. What has been typed stays when the form is drawn anew for the same revision.
// The check itself is not in it: put checkList(rx) above.

import { Problem, newKey, request } from "./api.js";
import { button, h, replace } from "./dom.js";
import { confirmed, notice } from "./states.js";

const AFTERWARDS = new Set(["SIGNED", "RELEASED"]);
const WAITS = { village_doctor: "PROPOSED", duty_doctor: "REFERRED" };
const STARTERS = ["已核对,获益大于风险", "剂量已减,密切观察", "病人一直在用,耐受好", "已告知病人,不适随时来"];
const RETURNS = ["剂量请再核对", "和在用的药重复", "诊断和用药不符", "病人情况已有变化"];
const LEAST = 2;

/** Reasons as they were typed, by prescription and revision; they live as long as the page. */
const drafts = new Map();
const keys = new Map();

/** One key for one intention: the same words to the same revision, tried again over a weak link, are the same order. */
function keyOf(rx, path, body) {
  const told = `${path} ${rx.revision} ${JSON.stringify(body)}`;
  if (!keys.has(told)) keys.set(told, newKey());
  return keys.get(told);
}

/** Somebody has typed there, or is about to: do not draw it anew. */
export const isBusy = (element) => element.contains(document.activeElement) && document.activeElement.matches("textarea, input");

export function signingForm(rx, { as, changed }) {
  const trouble = h("div", { "aria-live": "polite" });
  const draft = draftOf(rx);
  const order = (step, body, said) => give(rx, step, body, { trouble, changed, said });
  if (rx.state !== WAITS[as]) {
    const standing = h("p", { class: "rx-standing" }, `这张处方现在是“${rx.state_label}”。`);
    return h("div", { class: "rx-sign" }, mayStop(rx) ? [trouble, withdrawal(rx, as, draft, order, trouble)] : standing);
  }
  const stops = rx.findings.filter((one) => one.action === "B");
  const warnings = rx.findings.filter((one) => one.action === "W");
  const beyond = as === "village_doctor" ? rx.beyond_village : [];
  return h("div", { class: "rx-sign" },
    stops.length > 0 && blocked(stops),
    stops.length === 0 && beyond.length > 0 && h("p", { class: "rx-stopped" }, `${beyond.join(";")},请镇卫生院医生签。`),
    stops.length === 0 && beyond.length === 0 && [reasonFields(warnings, draft), signButton(rx, warnings, draft, order, trouble)],
    trouble,
    as === "village_doctor" && referButton(rx, order),
    withdrawal(rx, as, draft, order, trouble));
}

/** Whether it is signed, not handed out yet, and the reader's to take out of the patient's reach. */
export const mayStop = (rx) => rx.withdrawable && AFTERWARDS.has(rx.state);

function draftOf(rx) {
  const name = `${rx.prescription_id}:${rx.revision}`;
  if (!drafts.has(name)) drafts.set(name, { reasons: {}, withdrawal: "", open: false });
  return drafts.get(name);
}

/** Who must change what before it can be signed. */
function blocked(stops) {
  const asked = stops.filter((one) => one.kind === "facts");
  const drugs = stops.filter((one) => one.kind !== "facts");
  return h("div", { class: "rx-stopped", role: "note" },
    h("p", null, h("b", null, "现在不能签。")),
    asked.length > 0 && h("p", null, `请村医先补用药安全资料:${asked.map((one) => one.text).join(";")}。`),
    drugs.length > 0 && h("p", null, `请开方的专家改方:${drugs.map((one) => one.text).join(";")}。`));
}

const reasonFields = (warnings, draft) =>
  warnings.length > 0 && h("fieldset", { class: "rx-reasons" }, h("legend", null, `每条提醒写一个理由(${warnings.length} 条)`),
    warnings.map((one) => words(one.text, draft.reasons[one.key] ?? "", STARTERS, (value) => { draft.reasons[one.key] = value; })));

/** A field with sentences to begin with. */
export function words(label, value, starters, typed) {
  const field = h("textarea", { rows: 2, maxlength: 500, value, on: { input: () => typed(field.value) } });
  const begin = (text) => () => {
    field.value = field.value.trim() ? `${field.value.trim()};${text}` : text;
    typed(field.value);
    field.focus();
  };
  return h("div", { class: "rx-words" }, h("label", null, h("span", null, label), field),
    h("div", { class: "choices" }, starters.map((text) => h("button", { type: "button", on: { click: begin(text) } }, text))));
}

function signButton(rx, warnings, draft, order, trouble) {
  return button("签名", async () => {
    const missing = warnings.filter((one) => (draft.reasons[one.key] ?? "").trim().length < LEAST);
    if (missing.length) {
      replace(trouble, notice(`还有 ${missing.length} 条提醒没有写理由:${missing.map((one) => one.text).join(";")}。`));
      return;
    }
    const said = warnings.length ? `,带 ${warnings.length} 条提醒和您的理由` : "";
    if (!(await confirmed(`用您的签名签处方 ${rx.code}(${rx.items.map((one) => one.name).join("、")})${said}?`, "签名", "再看看"))) return;
    const reasons = Object.fromEntries(warnings.map((one) => [one.key, draft.reasons[one.key].trim()]));
    await order("sign", { revision: rx.revision, reasons, confirm: true }, "已签名,交给药师审方了。");
  });
}

const referButton = (rx, order) =>
  button("请镇卫生院医生签", async () => {
    if (await confirmed(`把处方 ${rx.code} 转给镇卫生院的值班医生签名?`, "转给他们", "先不")) await order("refer", {}, "已转给镇卫生院值班医生。");
  }, "default");

const WITHDRAWN = {
  SIGNED: "已撤回,专家会收到原因,药师不会再审这一张。",
  RELEASED: "已撤回,专家和药师都会收到。病人有微信的,马上告诉他;没有微信的,请您当面或打电话说一声。",
};

function withdrawal(rx, as, draft, order, trouble) {
  const signed = AFTERWARDS.has(rx.state);
  const heading = as === "duty_doctor" && !signed ? "不签,撤回并告诉原因" : "撤回这张处方";
  const fold = h("details", { class: "rx-fold", open: draft.open, on: { toggle: () => { draft.open = fold.open; } } },
    h("summary", { class: "fold" }, heading),
    words("原因(专家和村医会看到)", draft.withdrawal, RETURNS, (value) => { draft.withdrawal = value; }),
    button("撤回", async () => {
      const reason = draft.withdrawal.trim();
      if (reason.length < LEAST) {
        replace(trouble, notice("请写一句原因,专家好改。"));
        return;
      }
      if (await confirmed(`撤回处方 ${rx.code}?${rx.state === "RELEASED" ? "取药码马上失效,会告诉病人先不要取药。" : ""}撤回后要专家重新开。`, "撤回", "不撤回")) await order("withdraw", { reason }, WITHDRAWN[rx.state] ?? "已撤回,专家和村医都会收到原因。");
    }, "warn"));
  return fold;
}

/** Make a step of `rx`; what somebody else did meanwhile is said, and `changed` asks anew. */
export async function give(rx, step, body, { trouble, changed, said }) {
  const path = `prescriptions/${rx.prescription_id}/${step}`;
  replace(trouble);
  try {
    await changed(await request("POST", path, { body, key: keyOf(rx, path, body) }), said);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 409 || problem.status === 404) await changed(null, problem.message);
    else replace(trouble, notice(problem));
  }
}
