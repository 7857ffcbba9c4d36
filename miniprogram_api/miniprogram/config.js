// 唯一要改的地方:会诊服务的网址(https,已备案,已填进小程序后台的 request 合法域名与业务域名),末尾不带斜杠。
module.exports = { BASE: "https://huizhen.example" };
