// 导入名册: a table is read here, tried there, and every error told with its line; only a table without errors can be taken in.

import { Problem, request } from "../shared/api.js";
import { orderButton } from "../shared/asking.js";
import { button, empty, h, replace } from "../shared/dom.js";
import { confirmed, notice } from "../shared/states.js";
import { counties } from "./staff.js";

const WHAT = {
  organisations: { label: "机构", columns: "名称,类别,区划代码,地区,上级机构", hint: "类别:省级医院、县级医院、乡镇卫生院、村卫生室。上级机构写名称,可以排在后面。还可以加三列:纬度、经度(国内地图的坐标)、电话。" },
  practitioners: {
    label: "人员", columns: "姓名,性别,机构,岗位,职称,执业范围,执业证号,有效期至,科室代码,专长,从业年限,企业微信账号",
    hint: "机构要先登记好。岗位可以有几个,用顿号分开;不需要的格子留空。",
  },
};
const LARGEST = 400_000;

export async function registers() {
  const places = await counties();
  if (!places.length) return { element: empty("您现在不是哪个县的管理员,不能导入。") };
  let what = "organisations";
  let table = null;
  const shown = h("div");
  const file = h("input", { type: "file", accept: ".csv,text/csv", class: "unseen", id: "register-file" });
  const place = h("select", null, places.map(([code, name]) => h("option", { value: code }, `${name}(${code})`)));
  const kinds = Object.entries(WHAT).map(([key, { label }]) => h("button", { type: "button", "aria-pressed": String(key === what), on: { click: () => choose(key) } }, label));
  const about = h("div");

  function choose(key) {
    what = key;
    Object.keys(WHAT).forEach((one, at) => kinds[at].setAttribute("aria-pressed", String(one === what)));
    draw();
  }

  function draw() {
    table = null;
    file.value = "";
    replace(shown);
    replace(about, h("p", null, "第一行是表头,列的顺序不限:"), h("p", { class: "staff-columns" }, WHAT[what].columns), h("p", { class: "faint" }, WHAT[what].hint));
  }

  file.addEventListener("change", async () => {
    const [picked] = file.files;
    if (!picked) return;
    table = { name: picked.name, text: await read(picked) };
    // The corrected file has the same name: picking it again must count.
    file.value = "";
    if (table.text === null) replace(shown, notice("文件太大或读不出来。请在表格软件里另存为 CSV(UTF-8),一次最多 200 行。"));
    else await tryIt();
  });
  place.addEventListener("change", draw);

  async function tryIt() {
    replace(shown, h("p", { class: "empty", role: "status" }, "正在核对,还没有导入…"));
    try {
      result(await request("POST", "registers/check", { body: order() }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(shown, notice(problem), h("div", { class: "actions" }, button("再试", tryIt, "default")));
    }
  }

  const order = () => ({ region_code: place.value, what, table: table.text });

  function result(found) {
    const trouble = h("div");
    const heading = `试导入 ${table.name}:新 ${found.new} 行,已有 ${found.there} 行`;
    if (found.problems.length) {
      replace(shown, h("section", { class: "panel", "aria-label": "试导入的结果" }, h("h2", null, `试导入 ${table.name}`),
        h("p", { class: "wrong", role: "alert" }, `有 ${found.problems.length} 处要改,什么都没有导入。改好文件后再选一次。`),
        h("table", { class: "staff-wrong" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, "行"), h("th", { scope: "col" }, "要改什么"))),
          h("tbody", null, found.problems.map((one) => h("tr", null, h("td", null, one.line ? `第 ${one.line} 行` : "整个文件"), h("td", null, one.sentence)))))));
      return;
    }
    replace(shown, h("section", { class: "panel", "aria-label": "试导入的结果" }, h("h2", null, heading),
      h("p", { class: "done-line" }, found.new ? "✓ 每一行都对。还没有导入。" : "✓ 每一行都已经登记过,不用再导入。"), trouble,
      found.new > 0 && orderButton(`导入 ${found.new} 行`, async () => ((await confirmed(`登记表里的 ${found.new} 行${WHAT[what].label}?`, "导入")) ? ["registers", order()] : null),
        (done) => replace(shown, h("p", { class: "notice notice-good", role: "status" }, `导入好了:新登记 ${done.new} 行,已有 ${done.there} 行。`)), { trouble })));
  }

  draw();
  return {
    element: h("div", null,
      h("div", { class: "choices", role: "group", "aria-label": "导入什么" }, kinds),
      h("section", { class: "panel" }, places.length > 1 && h("label", { class: "field" }, h("span", null, "县"), place), about,
        h("label", { class: "pick" }, "选 CSV 文件(先核对,不会马上导入)", file)),
      h("div", { "aria-live": "polite" }, shown)),
  };
}

/** The table as text: UTF-8, or what Excel in China writes; null where it is neither, or too large. */
async function read(file) {
  if (file.size > 2 * LARGEST) return null;
  const bytes = await file.arrayBuffer();
  for (const encoding of ["utf-8", "gb18030"]) {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
      return text.length > LARGEST ? null : text;
    } catch {
      continue;
    }
  }
  return null;
}
