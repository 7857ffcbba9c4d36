// What waits for the expert: invitations by urgency with the clock running, the cases he has taken, what was finished lately, his month.

import { newKey, Problem, request } from "../shared/api.js";
import { button, empty, h, link, replace, title } from "../shared/dom.js";
import { notice } from "../shared/states.js";
import { spoken } from "../shared/dates.js";
import { Parts } from "../shared/parts.js";
import { ago, countdown, length, setClock } from "./clock.js";

const REASONS = { no_time: "没空", not_my_field: "不是我的专业", knows_patient: "认识患者", other: "其他原因" };

/** Invitations given on a moment ago, whose reason may still be told: offer id → what was said. */
const givenOn = new Map();

export async function queue({ go }) {
  const parts = new Parts();
  let view = null;

  async function fresh() {
    view = await request("GET", "desk");
    setClock(view.now);
    draw();
  }

  function draw() {
    const offered = new Set(view.offers.map((one) => one.offer_id));
    for (const id of givenOn.keys()) if (offered.has(id)) givenOn.delete(id);
    parts.draw([
      ["offers", [view.offers, [...givenOn]], () => offers(view.offers, go, fresh, draw)],
      ["cases", [view.cases, view.cases.map((one) => ago(one.assigned_at))], () => cases(view.cases)],
      ["finished", view.finished, () => finished(view.finished)],
      ["figures", view.figures, () => figures(view.figures)],
    ]);
  }

  await fresh();
  parts.element.className = "desk-queue";
  return { element: parts.element, fresh };
}

function offers(open, go, fresh, draw) {
  return h("section", { "aria-label": "请您接诊" }, title("请您接诊"),
    open.length ? open.map((one) => offer(one, go, fresh)) : empty("现在没有会诊邀请。有了会发到您的企业微信,这里也会自己出现。"),
    [...givenOn].map(([id, said]) => reasonAsked(id, said, draw)));
}

function offer(one, go, fresh) {
  const trouble = h("div");
  const keys = { accept: newKey(), defer: newKey(), decline: newKey() };
  const answer = (step, done) => async () => {
    replace(trouble);
    try {
      const answered = await request("POST", `offers/${one.offer_id}/${step}`, { body: {}, key: keys[step] });
      await done(answered);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
      if (!problem.offline) keys[step] = newKey();
    }
  };
  const deferred = one.state === "deferred";
  return h("article", { class: `panel panel-strong desk-offer desk-${one.urgency}`, "aria-label": `会诊邀请 ${one.code}` },
    h("p", { class: "desk-row" }, h("span", { class: `tag tag-${one.urgency}` }, one.urgency_label), h("span", { class: "faint" }, one.code),
      deferred ? h("b", { class: "desk-clock" }, "您说 5 分钟后") : countdown(one.expires_at)),
    h("h2", null, one.headline),
    h("p", null, [one.patient, one.place].join(" · ")),
    one.vitals && h("p", null, h("b", null, one.vitals)),
    h("p", { class: "faint" }, [one.material, one.why_you && `请您:${one.why_you}`].filter(Boolean).join(" · ")),
    one.do_now.length > 0 && h("p", { class: "faint" }, `已让村医:${one.do_now.join(";")}`),
    trouble,
    h("div", { class: "desk-answers" },
      button("接诊", answer("accept", ({ consultation_id: id }) => go(`case/${id}`))),
      !deferred && button("5 分钟后", answer("defer", fresh), "default"),
      button("请转别人", answer("decline", async (answered) => {
        givenOn.set(one.offer_id, answered.next);
        await fresh();
      }), "default")));
}

/** The invitation has gone on already; why is asked for afterwards, so that nobody waits for it. */
function reasonAsked(id, said, draw) {
  const trouble = h("div");
  const tell = (reason) => async () => {
    try {
      await request("POST", `offers/${id}/decline`, { body: { reason }, key: newKey() });
      givenOn.delete(id);
      draw();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  return h("div", { class: "panel", role: "status" }, h("p", null, said),
    h("div", { class: "desk-answers" },
      Object.entries(REASONS).map(([reason, label]) => button(label, tell(reason), "default")),
      button("不说原因", () => { givenOn.delete(id); draw(); }, "default")),
    trouble);
}

const NEXT = {
  ASSIGNED: () => "您已接诊,请看资料,准备联系村医",
  IN_PROGRESS: (one) => (one.decision ? `村医决定:${one.decision}` : one.opinion_revision ? "意见已签,等村医决定" : "会诊进行中,等您的意见"),
  COMPLETED: (one) => (one.decision ? `已完成 · 村医${one.decision}` : "已完成"),
  CANCELLED: () => "已取消",
};

const tagged = (one) => [h("span", { class: `tag tag-${one.urgency}` }, one.urgency_label), one.headline];

function cases(taken) {
  return h("section", { "aria-label": "我接的会诊" }, title("我接的会诊"),
    taken.length
      ? h("div", { class: "weui-cells" }, taken.map((one) => link(`#/case/${one.consultation_id}`, tagged(one), one.state_label,
        [one.patient, one.place, NEXT[one.state]?.(one) ?? one.next, one.assigned_at && `${ago(one.assigned_at)}接诊`].filter(Boolean).join(" · "))))
      : h("p", { class: "empty" }, "手上没有会诊。"));
}

function finished(done) {
  return h("section", { "aria-label": "最近结束" }, title("最近结束(30 天)"),
    done.length
      ? h("div", { class: "weui-cells" }, done.map((one) => link(`#/case/${one.consultation_id}`, tagged(one), null,
        [one.patient, NEXT[one.state](one), one.closed_at && spoken(one.closed_at)].filter(Boolean).join(" · "))))
      : h("p", { class: "empty" }, "最近 30 天没有结束的会诊。"));
}

function figures(own) {
  const answer = own.median_answer_s === null ? "还没有答复过邀请" : `答复邀请的中位时间 ${length(own.median_answer_s)}(${own.answered} 次)`;
  return h("section", { "aria-label": "我的本月" }, title("我的本月"), h("div", { class: "panel" }, h("p", null, `接诊 ${own.cases} 例 · ${answer}`)));
}
