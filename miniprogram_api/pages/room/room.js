// The call room of one consultation, which its address names: …/room/<consultation>/.

import { Problem, request } from "../shared/api.js";
import { button, empty, h, replace } from "../shared/dom.js";
import { failed } from "../shared/states.js";
import { showCare } from "./care.js";
import { Call } from "./connection.js";
import { openCamera } from "./devices.js";
import { Lobby, report } from "./lobby.js";
import { Stage } from "./stage.js";

const place = document.getElementById("room");
const consultationId = location.pathname.split("/").filter(Boolean).at(-1);

/** Where the case stands for each seat, among all pages: this one has an address for patients and one for staff. */
const CASES = { patient: "mini/#/consultation/", village_doctor: "doctor/cases/#/case/", expert: "desk/#/case/" };
const PAGES = location.pathname.slice(0, location.pathname.indexOf("/h5/") + 4);

/** Who was in the call while this page looked. */
const met = new Set();

/** The running call, or null: what is measured in it can be read here. */
export let call = null;

/** The way to the case, for whom there is one. */
const caseLink = (seat) => CASES[seat] && h("a", { class: "weui-btn weui-btn_default", href: PAGES + CASES[seat] + consultationId }, "回到会诊");

async function open(stream = null) {
  let view;
  try {
    view = await request("GET", `consultations/${consultationId}/call`);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) replace(place, empty("请从微信里打开这一页。"));
    else if (problem.status === 403 || problem.status === 404 || problem.status === 422) replace(place, empty("这次视频没有邀请您。请从您自己收到的消息里打开。"));
    else replace(place, failed(problem, () => open(stream)));
    return;
  }
  const lobby = new Lobby(place, consultationId, {
    view, stream, met, back: caseLink(view.seat),
    join: (given, soundOnly = false) => {
      lobby.close();
      enter(given, soundOnly);
    },
  });
}

function enter(stream, soundOnly) {
  const own = { stream, muted: false, dark: false, voice: soundOnly };
  if (soundOnly) {
    for (const one of stream.getVideoTracks()) {
      one.stop();
      stream.removeTrack(one);
    }
  }
  call = new Call(consultationId, met);
  call.pictures = !soundOnly;
  const track = (kind) => own.stream?.getTracks().find((one) => one.kind === kind && one.readyState === "live") ?? null;

  async function light() {
    // The camera was closed for 语音模式: open it again.
    own.stream ??= new MediaStream();
    if (!track("video")) own.stream.addTrack(await openCamera());
    Object.assign(own, { dark: false, voice: false });
    call.pictures = true;
    track("video").enabled = true;
    await call.replace("video", track("video"));
  }

  const act = {
    mute() {
      if (!track("audio")) return;
      own.muted = !own.muted;
      track("audio").enabled = !own.muted;
      call.tellState();
      stage.showSelf(own);
    },
    async camera() {
      try {
        if (own.dark || own.voice || !track("video")) await light();
        else {
          own.dark = true;
          track("video").enabled = false;
          call.tellState();
        }
      } catch {
        stage.say("摄像头打不开,别人仍能听到您。");
      }
      stage.showSelf(own);
    },
    async voice() {
      try {
        call.wantPictures(own.voice);
        if (own.voice) await light();
        else {
          own.voice = true;
          const video = track("video");
          await call.replace("video", null);
          video?.stop();
          if (video) own.stream.removeTrack(video);
        }
      } catch {
        stage.say("摄像头打不开,别人仍能听到您。");
      }
      stage.showSelf(own);
    },
    leave: () => call.leave(),
  };
  const stage = new Stage(place, call, act);
  stage.showSelf(own);
  stage.say("正在接通…");
  call.addEventListener("seats", () => stage.showSeats());
  call.addEventListener("link", () => stage.showSeats());
  call.addEventListener("track", ({ detail }) => stage.showStream(detail.seat, detail.stream));
  call.addEventListener("trouble", ({ detail }) => {
    report(consultationId, detail.code);
    stage.say(detail.sentence);
  });
  call.addEventListener("state", ({ detail }) => {
    if (call.state === "connected") stage.say(null);
    else if (call.state === "reconnecting") stage.say(navigator.onLine ? "网络断了一下,正在自动重连…" : "没有网络。有信号时会自动重连。");
    else if (call.state === "closed") {
      stage.close();
      const { seat } = call;
      call = null;
      left(own.stream, seat, detail);
      return;
    }
    stage.showSeats();
  });
  addEventListener("pagehide", () => call?.leave(), { once: true });
  call.join({ audio: track("audio"), video: track("video") });
}

/** One tap back, whatever the reason. Nobody is filmed after he has left. */
function left(stream, seat, { code, sentence }) {
  for (const track of stream?.getTracks() ?? []) track.stop();
  replace(place, h("div", { class: "empty" }, h("p", { role: "status" }, sentence),
    h("div", { class: "actions" }, button(code === "call.left" ? "再进视频" : "回到视频页", () => open()), caseLink(seat))));
}

showCare();
open();
