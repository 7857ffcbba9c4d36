// The call room of one consultation, which its address names: …/room/<consultation>/; for a guest his invitation, …/room/<invitation>/?guest.

import { Problem, request } from "../shared/api.js";
import { button, empty, h, replace } from "../shared/dom.js";
import { failed } from "../shared/states.js";
import { showCare } from "./care.js";
import { Call } from "./connection.js";
import { openCamera } from "./devices.js";
import { Lobby } from "./lobby.js";
import { declineButton, phoneButton } from "./phone.js";
import { RoomSide } from "./room_side.js";
import { RecordingMark } from "./recording.js";
import { Stage } from "./stage.js";
import { Troubles, sendKept } from "./troubles.js";
import { Waiting } from "./waiting.js";

const place = document.getElementById("room");
const named = location.pathname.split("/").filter(Boolean).at(-1);
const invited = new URLSearchParams(location.search).has("guest");
let consultationId = invited ? null : named;

/** Those who are of no case: let in by the moderator, telephoned by nobody. */
const GUESTS = new Set(["second_expert", "interpreter", "student"]);

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
    consultationId ??= (await request("POST", `call-invitations/${named}/take`, { body: {} })).consultation_id;
    view = await request("GET", `consultations/${consultationId}/call`);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 0 && consultationId) new Troubles(consultationId).note("no_network");
    if (problem.status === 401) replace(place, empty("请从微信里打开这一页。"));
    else if (problem.code.startsWith("call.")) replace(place, empty(problem.message));
    else if (problem.status === 403 || problem.status === 404 || problem.status === 422) replace(place, empty("这次视频没有邀请您。请从您自己收到的消息里打开。"));
    else replace(place, failed(problem, () => open(stream)));
    return;
  }
  showCare(view.elder);
  sendKept();
  const troubles = new Troubles(consultationId);
  if (GUESTS.has(view.seat) && !view.closed) wait(view, stream, troubles);
  else prepare(view, stream, troubles);
}

/** At the door, and then in: who only listens gives neither sound nor picture, and is not asked for them. */
function wait(view, stream, troubles) {
  document.body.classList.remove("in-call");
  return new Waiting(place, consultationId, {
    code: view.code, guest: GUESTS.has(view.seat), back: caseLink(view.seat),
    entered: () => (view.seat === "student" || stream ? enter(stream, view.seat, troubles) : prepare(view, stream, troubles)),
  });
}

function prepare(view, stream, troubles) {
  const lobby = new Lobby(place, consultationId, {
    view, stream, met, troubles, back: caseLink(view.seat),
    join: (given, soundOnly = false) => {
      lobby.close();
      enter(given, view.seat, troubles, soundOnly);
    },
  });
  if (!view.closed && !GUESTS.has(view.seat)) place.append(phoneButton(consultationId), declineButton(consultationId));
}

function enter(stream, seat, troubles, soundOnly = false) {
  const own = { stream, muted: false, dark: false, voice: soundOnly, held: false, silent: false };
  if (soundOnly) {
    for (const one of stream.getVideoTracks()) {
      one.stop();
      stream.removeTrack(one);
    }
  }
  const running = new Call(consultationId, met);
  call = running;
  call.pictures = !soundOnly;
  let pressed = 0;
  const track = (kind) => own.stream?.getTracks().find((one) => one.kind === kind && one.readyState === "live") ?? null;

  /** The camera again, which is closed in 语音模式 and may be missing. A question to the person takes time: what he pressed last counts. */
  async function light() {
    const mine = ++pressed;
    if (!track("video")) {
      const opened = await openCamera();
      if (mine !== pressed || call !== running) {
        opened.stop(); // he has changed his mind meanwhile, or left
        return;
      }
      own.stream ??= new MediaStream();
      own.stream.addTrack(opened);
    }
    Object.assign(own, { dark: false, voice: false });
    call.pictures = true;
    track("video").enabled = true;
    await call.replace("video", track("video"));
  }

  const act = {
    mute() {
      if (!track("audio")) return;
      if (own.held) {
        side.sheet.say("主持人请您先静音。要说话,点「更多」里的「举手」。");
        return;
      }
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
    /** The others' pictures come back whether or not there is a camera for one's own. */
    async voice() {
      own.voice = !own.voice;
      call.wantPictures(!own.voice);
      stage.showSelf(own);
      try {
        if (own.voice) {
          pressed += 1;
          const video = track("video");
          await call.replace("video", null);
          video?.stop();
          if (video) own.stream.removeTrack(video);
        } else await light();
      } catch {
        stage.say("摄像头打不开,别人仍能听到您。");
      }
      stage.showSelf(own);
    },
    /** The moderator has muted the person, or lets him speak again: then his microphone is as he himself had left it. */
    hold(held) {
      if (held) own.silent = own.muted;
      own.held = held;
      own.muted = held || own.silent;
      if (track("audio")) track("audio").enabled = !own.muted;
      call.tellState();
      stage.showSelf(own);
    },
    leave: () => call.leave(),
  };
  const stage = new Stage(place, call, act);
  stage.showSelf(own);
  stage.say("正在接通…");
  const side = new RoomSide(place, call, consultationId, { seat, stage, act });
  new RecordingMark(call, place.querySelector(".stage"));
  call.addEventListener("message", ({ detail }) => side.hear(detail));
  call.addEventListener("problem", ({ detail }) => stage.say(detail.sentence));
  call.addEventListener("seats", () => {
    stage.showSeats();
    side.seats();
  });
  call.addEventListener("link", () => stage.showSeats());
  call.addEventListener("track", ({ detail }) => stage.showStream(detail.seat, detail.stream));
  call.addEventListener("trouble", ({ detail }) => {
    troubles.note(detail.code);
    stage.say(detail.sentence);
  });
  call.addEventListener("state", ({ detail }) => {
    if (call.state === "connected") stage.say(null);
    else if (call.state === "reconnecting") stage.say(navigator.onLine ? "网络断了一下,正在自动重连…" : "没有网络。有信号时会自动重连。");
    else if (call.state === "closed") {
      stage.close();
      const sat = call.seat ?? seat;
      call = null;
      left(own.stream, sat, troubles, detail);
      return;
    }
    stage.showSeats();
  });
  addEventListener("pagehide", () => call?.leave(), { once: true });
  call.join({ audio: track("audio"), video: track("video") });
}

/** One tap back, whatever the reason. Nobody is filmed after he has left. */
function left(stream, seat, troubles, { code, sentence }) {
  if (code === "call.must_wait") {
    request("GET", `consultations/${consultationId}/call`).then((view) => wait(view, stream, troubles), () => open(stream));
    return;
  }
  for (const track of stream?.getTracks() ?? []) track.stop();
  replace(place, h("div", { class: "empty" }, h("p", { role: "status" }, sentence),
    h("div", { class: "actions" }, button(code === "call.left" ? "再进视频" : "回到视频页", () => open()), caseLink(seat)),
    !GUESTS.has(seat) && code !== "call.over" && phoneButton(consultationId)));
}

showCare();
open();
