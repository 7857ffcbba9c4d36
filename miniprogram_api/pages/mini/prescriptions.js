// 处方与费用: where each prescription stands, how to take what is on it, and what it costs to the fen.

import { day, spoken } from "../shared/dates.js";
import { card, cells, empty, h, link, title } from "../shared/dom.js";
import { inYuan, yuan } from "../shared/money.js";
import { ask, askOrNull, whoAmI } from "./session.js";
import { SCHEMES, stageTag } from "./words.js";

/** Nothing will come of it any more. */
const OVER = new Set(["expired", "withdrawn"]);
const CLAIM_LINES = new Set(["submitted", "settled"]);

export async function prescriptions() {
  const [{ prescriptions: list }, me] = await Promise.all([ask("GET", "prescriptions/stages"), whoAmI()]);
  const ready = list.filter((one) => one.stage === "ready");
  const others = list.filter((one) => one.stage !== "ready");
  return [
    list.length === 0 && empty("还没有处方。医生开了药、药师审过,这里会写怎么吃、要付多少钱。"),
    ready.map(toFetch),
    others.length > 0 && [title(ready.length ? "其他处方" : "我的处方"), cells(others.map(row))],
    await insurance(me.patients),
  ];
}

const row = (one) => link(`#/prescription/${one.prescription_id}`, [stageTag(one.stage, one.stage_label), day(one.at)], "", `${one.patient} · ${one.next}`);

/** A prescription that lies ready: also on the first page. */
export const toFetch = (one) =>
  h("section", { class: "panel panel-strong" },
    h("h2", null, stageTag(one.stage, one.stage_label), one.patient),
    one.until && h("p", null, `请在 ${spoken(one.until)} 前取药。`),
    h("p", { class: "faint" }, `处方 ${one.code} · 会诊 ${one.consultation_code}`),
    h("a", { class: "weui-btn weui-btn_primary", href: `#/prescription/${one.prescription_id}` }, "看取药码、怎么吃、多少钱"));

async function insurance(patients) {
  if (!patients.length) return null;
  const known = await Promise.all(patients.map((one) => askOrNull(`patients/${one.patient_id}/membership`)));
  const rows = patients.map((one, index) => {
    const member = known[index];
    const said = member ? `${SCHEMES[member.scheme] ?? member.scheme} 尾号 ${member.number_ends} · ${member.standing}` : "还没有登记医保,药费按自费算。点这里登记。";
    return link(`#/insurance/${one.patient_id}`, one.full_name, "", said);
  });
  return [title("医保"), cells(rows)];
}

export async function prescription({ rest: [id] }) {
  const { prescriptions: list } = await ask("GET", "prescriptions/stages");
  const found = list.find((one) => one.prescription_id === id);
  if (!found) return empty("没有找到这张处方。可能已经撤回,请问村医。", h("a", { class: "weui-btn weui-btn_default", href: "#/prescriptions" }, "看其他处方"));
  const head = h("section", { class: "panel panel-strong" },
    h("h2", null, stageTag(found.stage, found.stage_label), found.patient),
    h("p", null, found.next),
    found.until && h("p", null, `请在 ${spoken(found.until)} 前取药,过了要重新开。`));
  if (OVER.has(found.stage)) return [head];
  if (!found.readable) return [head, card(h("p", { class: "faint" }, "药师审过以后,这里会写怎么吃、多少钱。"))];
  const [rx, quote, { claims }] = await Promise.all([
    ask("GET", `prescriptions/${encodeURIComponent(id)}`),
    ask("GET", `prescriptions/${encodeURIComponent(id)}/quote`),
    ask("GET", `patients/${found.patient_id}/claims`),
  ]);
  const claim = claims.find((one) => one.ref === id && CLAIM_LINES.has(one.state));
  const refused = claims.find((one) => one.ref === id && one.state === "refused");
  return [
    head,
    rx.dispense_code && codeCard(rx.dispense_code, await askOrNull(`prescriptions/${encodeURIComponent(id)}/dispense-code`)),
    title("怎么吃"),
    rx.items.map(howToTake),
    rx.note && card(h("p", null, `医生说:${rx.note}`)),
    title("多少钱"),
    costs(claim ?? quote, { claim, refused, quote }),
    signatures(rx),
    !rx.rules_signed && h("p", { class: "actions faint" }, "演示·用药规则未经临床审定。"),
  ];
}

const codeCard = (code, shown) =>
  h("section", { class: "panel", "aria-label": "取药码" },
    h("p", { class: "faint" }, "取药码(给药师看,用一次)"),
    h("p", { class: "mini-code" }, code),
    shown && h("img", { class: "mini-qr", src: shown.picture, alt: "取药码的二维码,给药师扫" }));

const OFTEN = ["", "一天 1 次", "一天 2 次", "一天 3 次", "一天 4 次"];

function howToTake(item) {
  const verb = { 口服: "吃", 舌下含服: "含", 吸入: "吸" }[item.route];
  const dose = verb && item.pieces ? `每次${verb} ${item.pieces}` : `每次 ${item.amount}(${item.route})`;
  return card(
    h("h2", null, item.name),
    h("p", { class: "mini-big" }, `${dose},${OFTEN[item.times_per_day] ?? `一天 ${item.times_per_day} 次`}`),
    h("p", { class: "mini-big" }, `连着用 ${item.days} 天${item.directions ? `,${item.directions}` : ""}`),
    item.route === "舌下含服" && h("p", null, "放在舌头下面含化,不要吞。"),
    h("p", { class: "faint" }, `${item.form},共 ${item.packs} ${item.pack}`));
}

/** The figures of the claim once there is one, of the estimate before. */
function costs(told, { claim, refused, quote }) {
  return [
    h("section", { class: "panel", "aria-label": "费用" },
      h("dl", { class: "mini-sums" },
        h("dt", null, "一共"), h("dd", null, yuan(told.fee_fen)),
        h("dt", null, "医保报"), h("dd", null, yuan(told.pays_fen)),
        h("dt", { class: "mini-own" }, "您付"), h("dd", { class: "mini-own" }, yuan(told.own_fen))),
      told.pays_fen === 0 && h("p", null, inYuan(quote.reason)),
      claim && h("p", { class: "faint" }, `报销 ${claim.code}:${claim.state_label}。${inYuan(claim.next)}`),
      refused && !claim && h("p", null, `报销没有通过:${refused.refusal ?? ""}${inYuan(refused.next)}`),
      h("ul", { class: "mini-lines" }, told.lines.map((line) => h("li", null,
        h("p", { class: "mini-line" }, h("span", null, line.name), h("span", null, yuan(line.fee_fen))),
        h("p", { class: "faint" }, shortReason(line))))),
      h("details", null, h("summary", { class: "fold" }, "怎么算的"),
        !claim && h("p", null, inYuan(quote.reason)),
        h("ul", { class: "mini-lines" }, told.lines.map((line) => h("li", null,
          h("p", null, `${line.name}:${yuan(line.fee_fen)},医保报 ${yuan(line.pays_fen)},您付 ${yuan(line.own_fen)}`),
          h("p", { class: "faint" }, inYuan(line.reason))))),
        h("p", { class: "faint" }, claim ? `按 ${claim.edition} 结算。` : quote.note),
        !claim && quote.source && h("p", { class: "faint" }, quote.source))),
  ];
}

/** What stands beside a drug's price at first sight; the whole sentence unfolds below. */
function shortReason(line) {
  if (line.pays_fen === 0) return `不报,${yuan(line.own_fen)} 自己付`;
  const capped = /最多报|限额/.test(line.reason) ? "(到了报销上限)" : "";
  return `医保报 ${yuan(line.pays_fen)}${capped},您付 ${yuan(line.own_fen)}`;
}

function signatures(rx) {
  const names = [rx.expert && `专家 ${rx.expert}`, rx.signer && `签名 ${rx.signer}`, rx.pharmacist && `审方 ${rx.pharmacist}`, rx.dispensed_by && `发药 ${rx.dispensed_by}`].filter(Boolean).join(" · ");
  return card(
    h("p", { class: rx.signature_valid ? "done-line" : "wrong" }, rx.signature_valid ? "✓ 医生签过名,药师审过,内容没有被改过。" : "签名核对不上,请先不要用药,马上问村医。"),
    h("p", { class: "faint" }, `处方 ${rx.code} · ${names}`));
}
