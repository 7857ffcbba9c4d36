"""The platforms' error numbers an operator meets while connecting accounts: what each means and what to do. docs/connect-wechat.md has them all."""

from __future__ import annotations

from bot.channels.api.errors import ApiError, NotTrusted, Unreachable

ADVICE: dict[int, tuple[str, str]] = {
    -1: ("平台繁忙", "过几分钟再运行一次。"),
    40001: ("Secret 不对(或已在后台重置)", "到后台重新查看或重置 Secret,写进 channels.json,再重启会诊。"),
    40003: ("openid 不是这个账号的", "检查 channels.json 里的 appid 是不是换过;换过账号的,老用户要重新关注。"),
    40013: ("AppID / CorpID 不对", "从后台复制 AppID(wx 开头)或企业 ID(ww 开头),写进 channels.json。"),
    40016: ("菜单按钮的个数不对", "一级菜单 1 到 3 个,二级 1 到 5 个;请升级会诊或报告这个问题。"),
    40018: ("菜单名字太长", "请升级会诊或报告这个问题。"),
    40037: ("模板编号不存在", "到后台核对模板编号,写进 channels.json 的 templates。"),
    40056: ("AgentId 不对", "从企业微信后台的应用页复制 AgentId,写进 channels.json 的 wecom.app.agentid。"),
    40125: ("AppSecret 不对", "到后台重置 AppSecret,写进 channels.json,再重启会诊。"),
    40164: ("这台服务器的出口地址不在 IP 白名单里", "到后台 → 开发接口管理(或开发设置)→ IP 白名单,加上会诊服务器的出口地址,几分钟后生效。"),
    40243: ("AppSecret 被冻结", "到后台解冻或重置 AppSecret。"),
    41030: ("小程序页面还没有发布", "先把小程序提交审核并发布,再发带页面的消息。"),
    42001: ("access_token 过期", "会诊会自己换;一直出现时检查服务器的时间。"),
    43004: ("这个人没有关注服务号", "请本人重新关注。"),
    43101: ("本人拒绝了订阅消息,或次数用完", "请本人在小程序里再点一次同意;会诊会改用下一个渠道。"),
    45009: ("今天的调用次数用完", "到后台 → 接口权限查看;当天恢复不了,可用「清零」(每月 10 次)。"),
    45011: ("调用太快", "过一分钟再运行一次。"),
    45015: ("超过 48 小时没有来消息,或已取消关注", "不用处理:会诊会改用模板消息。"),
    45047: ("客服消息条数用完", "不用处理:会诊会改用模板消息。"),
    46003: ("还没有菜单", "运行 huizhen wechat setup。"),
    47003: ("模板的某个值不合规则", "核对后台模板的字段是不是与本说明的表一致。"),
    48001: ("账号没有这个接口的权限", "服务号要先完成微信认证;在后台 → 接口权限里查看。"),
    48004: ("接口被平台封禁", "看后台的通知,按要求申诉。"),
    50001: ("跳转的域名没有登记", "服务号:网页授权域名;企业微信:应用的可信域名,都填会诊的域名。"),
    60011: ("应用没有权限看这个成员或部门", "到企业微信后台 → 应用 → 可见范围,把他加进去;建群要选整个企业(根部门)。"),
    60020: ("这台服务器的出口地址不在企业可信 IP 里", "企业微信后台 → 应用 → 企业可信IP,加上会诊服务器的出口地址(要先设好可信域名或回调)。"),
    60111: ("成员不存在", "核对企业微信通讯录里的账号(userid)。"),
    76022: ("账号没有这个接口的权限", "服务号要先完成微信认证;在后台 → 接口权限里查看。"),
    81013: ("收消息的人都不在应用的可见范围里", "到企业微信后台 → 应用 → 可见范围,把他们加进去。"),
    86001: ("群编号(chatid)不对", "自己起的 chatid 只用数字和字母,最多 32 个:改 channels.json 的 wecom.app_groups。"),
    86003: ("群不存在,或已经解散", "运行 huizhen wechat setup 建群;解散过的,换一个 chatid。"),
    86004: ("群名不对", "群名 1 到 50 个字:改 wecom.app_groups 里的 name。"),
    86005: ("群主不对", "owner 写 members 里一位的账号(userid)。"),
    86006: ("群成员太少或太多", "要 2 到 2000 人,也不能超过企业微信后台设的群人数上限。"),
    86007: ("有的群成员不能进群", "核对 members 里的账号(userid):都要在企业微信通讯录里,并且已经激活。"),
    86008: ("群不是这个应用建的", "应用只能用自己建的群:换一个 chatid,由 huizhen wechat setup 来建。"),
    86207: ("群主不在群成员里", "把 owner 也写进 members。"),
    86215: ("chatid 已经被别的群用了", "换一个 chatid(数字和字母,最多 32 个),再运行一次。"),
    86216: ("有的群成员不存在", "核对 members 里的账号(userid):都要在企业微信通讯录里。"),
    301002: ("应用没有权限", "检查 Secret 和 AgentId 是不是同一个应用的。"),
}
"""errcode → what it means, what to do."""


def advice(error: ApiError) -> tuple[str, str]:
    """What to tell of ``error`` and what to do then."""
    if isinstance(error, Unreachable):
        return f"连不上平台的接口({error.call})", "检查服务器能不能上网:域名解析、防火墙的出口规则;能上网的,过几分钟再试。"
    means, then = ADVICE.get(error.code, ("平台拒绝了这一步", "按错误码到平台的「全局返回码」里查。"))
    if isinstance(error, NotTrusted) and error.address:
        then = f"平台看到的出口地址是 {error.address}。{then}"
    return f"{means}(errcode {error.code})", then
