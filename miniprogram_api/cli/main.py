"""`huizhen …`: what an operator types. Only argparse is imported here; each sub-command imports what it needs when it is called."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any


class Help(argparse.HelpFormatter):
    """argparse's help with Chinese headings."""

    def add_usage(self, usage: str | None, actions: Iterable[argparse.Action], groups: Iterable[Any], prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "用法:" if prefix is None else prefix)


def parser() -> argparse.ArgumentParser:
    """Every sub-command with its help; `module` names where it lives."""
    whole = argparse.ArgumentParser(
        prog="huizhen",
        description="会诊:在微信里的乡村远程会诊平台",
        epilog="设置都用环境变量 HUIZHEN_*,例如 HUIZHEN_PORT=8001 huizhen demo",
        add_help=False,
        formatter_class=Help,
    )
    _add_help(whole)
    commands = whole.add_subparsers(title="命令", metavar="<命令>", required=True)

    def add(name: str, help_text: str, module: str) -> argparse._ArgumentGroup:
        one = commands.add_parser(name, help=help_text, description=help_text, add_help=False, formatter_class=Help)
        one.set_defaults(module=f"miniprogram_api.cli.{module}")
        return _add_help(one)

    add("demo", "启动演示:建库、造演示数据、启动全部进程和模拟微信", "demo")
    add("serve", "正式启动:规则未经签署或设置不安全时拒绝启动", "serve")
    migrate = add("migrate", "把数据库升级到最新结构(先自动备份)", "migrate")
    migrate.add_argument("--make", action="store_true", help="开发用:由数据模型生成新的迁移文件")
    migrate.add_argument("--plan", action="store_true", help="只列出做过的和还没有做的步骤,什么也不改(有要做的,状态为 2);和 --to 一起:会丢掉什么")
    migrate.add_argument("--to", default="", metavar="<步骤>", help="停机退回到较早的一步,如 0001、practice.0001(先备份);会丢资料时拒绝")
    migrate.add_argument("--lose-data", action="store_true", help="--to:列出的资料不要了,仍然退回")
    add("seed", "造演示数据(数据库为空时)", "seed")
    chat = add("chat", "在终端里与会诊对话(与微信里同样的说法)", "chat")
    chat.add_argument("--as", dest="person", metavar="<人>", default="", help="以谁的身份说话,例如 patient-001;不写则列出可选的人")
    rules = add("rules", "临床规则的签署:list 查看,sign 签署,check 检查是否都已签署", "rules")
    rules.add_argument("action", choices=("list", "sign", "check"), metavar="list|sign|check", help="sign 由医院的临床负责人审阅后进行")
    rules.add_argument("--rule", default="", metavar="<规则>", help="要签署的规则名(不写则签署全部未签署的)")
    rules.add_argument("--by", default="", metavar="<姓名>", help="签署人姓名")
    rules.add_argument("--licence", default="", metavar="<编号>", help="签署人的执业证书编号")
    models = add("models", "候选诊断的模型:status 看各版本用了多少次、与医生签的诊断一致多少、有没有漂移", "models")
    models.add_argument("action", choices=("status",), metavar="status", help="只有合计数,没有患者的资料;有漂移时状态为 2")
    words = "主密钥与数据密钥:create 生成(只做一次),rotate 换主密钥,reencrypt 换数据密钥,reindex 换检索密钥,retire 移除旧主密钥,status 查看"
    keys = add("keys", words, "keys")
    keys.add_argument(
        "action", nargs="?", default="create", choices=("create", "rotate", "reencrypt", "reindex", "retire", "status"),
        metavar="create|rotate|reencrypt|reindex|retire|status", help="都可在运行中进行;中断后再运行一次即继续(reindex 从头再来)",
    )  # fmt: skip
    keys.add_argument("--master", default="", metavar="<版本>", help="retire 要移除的主密钥版本")
    keys.add_argument("--yes", action="store_true", help="retire:不再问(脚本用);否则先列出从此打不开的快照,再问一次")
    sessions = add("sessions", "登录:replace-key 更换签发登录凭据的密钥(怀疑泄露时),没有人会因此退出登录", "sessions")
    sessions.add_argument("action", choices=("replace-key",), metavar="replace-key", help="可在运行中进行")
    service = add("key-service", "在另一台机器上保管主密钥(密钥服务)", "key_service")
    service.add_argument("--keys", required=True, metavar="<文件>", help="主密钥文件(没有时生成)")
    service.add_argument("--token", required=True, metavar="<文件>", help="令牌文件(没有时生成)")
    service.add_argument("--listen", default="127.0.0.1:8200", metavar="<地址:端口>", help="监听地址")
    service.add_argument("--certificate", default="", metavar="<文件>", help="TLS 证书链(不在本机监听时必须)")
    service.add_argument("--certificate-key", default="", metavar="<文件>", help="TLS 私钥")
    audit = add("audit", "审计:verify 核对全部记录,find 查编号,prove 出具证明,heads 列出树头,key 显示公钥或换钥,recover 恢复备份后另立日志", "audit")
    actions = ("verify", "find", "prove", "heads", "key", "recover")
    audit.add_argument("action", choices=actions, metavar="|".join(actions), help="verify:发现改动时状态为 1,没能核对时为 2")
    audit.add_argument("--log", action="append", default=[], metavar="<日志>", help="verify:您在别处记下的日志编号;本库不是它、也不承接它时状态为 1")
    accept = "verify:已知的恢复损失,日志和当时留下的条数;没有写明的损失使状态为 3"
    audit.add_argument("--accept-loss", action="append", default=[], metavar="<日志:条数>", help=accept)
    audit.add_argument("--entry", default="", metavar="<编号>", help="prove:要证明的审计记录")
    audit.add_argument("--patient", default="", metavar="<编号>", help="find:患者编号")
    audit.add_argument("--act", default="", metavar="<动作>", help="find:动作的名字(权限表 docs/access.md 里的),或它点号前的部分")
    audit.add_argument("--since", default="", metavar="<时间>", help="find:从这个时间起(北京时间,如 2026-11-20T08:30)")
    audit.add_argument("--from", dest="first", type=int, default=0, metavar="<条数>", help="prove:证明两个树头相承,从这个大小")
    audit.add_argument("--to", dest="second", type=int, default=0, metavar="<条数>", help="prove:到这个大小")
    audit.add_argument("--out", default="", metavar="<文件>", help="prove:证明写到哪里")
    audit.add_argument("--new", action="store_true", help="key:换一把新的签名钥(旧公钥保留,旧树头仍可核对)")
    words = "备份:take 做一份并读回核对(不写即是),init 建仓库,list 列出快照,status 最近一次、第二份仓库与演练,drill 演练恢复,follow 定时做"
    backup = add("backup", words, "backup")
    acts = ("take", "init", "list", "status", "drill", "follow")
    backup.add_argument("action", nargs="?", default="take", choices=acts, metavar="|".join(acts), help="可在运行中进行")
    restore = add("restore", "在空的机器上从备份恢复(不会覆盖任何东西;中断后再运行一次即可)", "restore")
    for one in (backup, restore):
        one.add_argument("--set", default="", metavar="<编号>", help="哪一份快照(huizhen backup list 可查看);不写用最近的")
        one.add_argument("--until", default="", metavar="<时间>", help="恢复到这个时间(北京时间,如 2026-11-20T08:30)")
        one.add_argument("--second", action="store_true", help="用第二份仓库")
    admin = add("admin", "管理员:first 邀请首位管理员(打印一次性绑定码),list 列出", "admin")
    admin.add_argument("action", choices=("first", "list"), metavar="first|list", help="first 只在还没有管理员时可用")
    admin.add_argument("--name", default="", metavar="<姓名>", help="首位管理员的姓名")
    admin.add_argument("--phone", default="", metavar="<手机>", help="首位管理员的手机号")
    admin.add_argument("--organisation", default="", metavar="<机构>", help="所在机构的名称;只有一家县级医院时可以不写")
    words = "接真的账号:setup 检查权限和模板、发布菜单、建通知群(反复运行也没关系),doctor 像平台那样给自己发一次回调,说明哪里不通"
    wechat = add("wechat", words, "wechat")
    wechat.add_argument("action", choices=("setup", "doctor"), metavar="setup|doctor", help="都正常状态为 0,有缺的或不通的为 2")
    accounts = ("official-account", "mini-program", "wecom")
    wechat.add_argument("--only", choices=accounts, default="", metavar="<账号>", help=f"只看一个:{'、'.join(accounts)}")
    wechat.add_argument("--dry-run", action="store_true", help="setup:只看,什么也不改")
    wechat.add_argument("--ca", default="", metavar="<文件>", help="doctor:另外信任这个 CA 证书(PEM);微信只信公开的 CA")
    taken_in = add("import", "从 CSV 表格导入机构或医务人员(先检查每一行,有错就一行也不导入)", "imports")
    taken_in.add_argument("what", choices=("organisations", "practitioners"), metavar="organisations|practitioners", help="机构,或医务人员")
    taken_in.add_argument("file", metavar="<文件>", help="CSV 文件;写 - 打印表头")
    credential = add("credential", "证明:verify 不联网、不用数据库,只凭县里公开的资料核对一份证明", "credential")
    credential.add_argument("action", choices=("verify",), metavar="verify", help="对则状态为 0,不对为 1,文件读不了为 2")
    credential.add_argument("--proof", required=True, metavar="<文件>", help="取来的证明(JSON)")
    credential.add_argument("--published", required=True, metavar="<文件>", help="取来的公开资料(JSON),十分钟内有效")
    credential.add_argument("--nonce", required=True, metavar="<数字>", help="取证明时自己给的一次性随机数")
    credential.add_argument("--audience", required=True, metavar="<名称>", help="取证明时自己报的名称")
    credential.add_argument("--key", required=True, metavar="<指纹>", help="事先和出具的县核对过的公钥指纹(RFC 7638)")
    copied = add("deidentify", "抄一份去标识化的病历,供研究、教学(只含同意了的患者)或测试(由管理员负责)", "deidentify")
    copied.add_argument("--out", required=True, metavar="<文件夹>", help="写到哪里(空的或还没有的文件夹);中断后用同样的参数再运行一次即继续")
    copied.add_argument("--why", default="", metavar="<用途>", help="作什么用,给谁:记入审计,不写进副本")
    purposes = ("research", "teaching", "tests")
    copied.add_argument("--purpose", choices=purposes, default="research", metavar="<目的>", help="research 研究(默认),teaching 教学,tests 测试")
    copied.add_argument("--by", default="", metavar="<管理员>", help="以哪位管理员的名义(姓名),本人会收到通知;测试用的副本必须写")
    copied.add_argument("--patients", default="", metavar="<编号,…>", help="只要这些患者:会诊编号(C-…)或患者编号,用逗号分开")
    copied.add_argument("--k", type=int, default=5, metavar="<人数>", help="每种年龄段、性别、地区、科室的组合至少几个人(2 到 100,默认 5)")
    copied.add_argument("--images", action="store_true", help="连影像一起(去掉标签里的身份;可能烧录了文字的不要)")
    copied.add_argument("--burned-in", action="store_true", help="可能烧录了文字的影像也要:图上的文字不会去掉")
    triaged = add("triage", "读病人的话:每行一个 JSON(id、text,可有 age、sex、vitals),逐行给出症状、紧急程度、科室、下一个问题", "triage")
    inquired = add("inquire", "问诊:开头一行,问一行,答一行,直到结论;回答 yes、no、unknown 或一句话", "inquire")
    for one in (triaged, inquired):
        one.add_argument("--jsonl", action="store_true", help="从标准输入逐行读,向标准输出逐行写;写错的一行回一行 error,继续下一行,最后状态为 1")
    inquired.add_argument("--turns", type=int, default=20, metavar="<个数>", help="一次最多问几个(默认 20;引擎通常更早停)")
    inquired.add_argument("--seed", type=int, default=0, metavar="<数>", help="随机种子,写进结论:同样的输入和种子,同样的对话")
    played = add("simulator", "单独运行模拟微信,接任何人的机器人(不需要数据库);说明见 docs/simulator.md", "simulator")
    played.add_argument("--config", default="", metavar="<文件>", help="账号、回调地址、人和故障(TOML)")
    played.add_argument("--example", action="store_true", help="打印一份配置的例子,密钥是新随机的")
    played.add_argument("--port", type=int, default=None, metavar="<端口>", help="不用配置里的端口;0 用任意空闲的")
    calls = add("calls", "视频:Janus 服务器 status 查看(不写即是),drain 停机前排空,resume 恢复", "calls")
    doings = ("status", "drain", "resume")
    calls.add_argument("action", nargs="?", default="status", choices=doings, metavar="|".join(doings), help="status:有连不上的,状态为 2")
    calls.add_argument("name", nargs="?", default="", metavar="<名称>", help="drain、resume:哪一台")
    add("access", "打印权限表:谁能做什么(docs/access.md 就是它)", "access")
    add("processes", "列出正在运行的进程", "processes")
    return whole


def _add_help(one: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    options = one.add_argument_group("选项")
    options.add_argument("-h", "--help", action="help", help="显示这段说明")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; its exit status. Ctrl-C before anything started is a quiet end, and so is a reader that has read enough (`| head`)."""
    try:
        try:
            return _run(arguments)
        finally:  # help and refusals too: what is left for the very end complains there
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is flushed at the very end goes nowhere
        return 141


_ANY_VALUE = ("--key", "--nonce", "--audience")
"""Options of `credential` whose value is not ours: a thumbprint in base64url (RFC 7638) begins with a dash once in 64 times."""
_NAMES = (*_ANY_VALUE, "--proof", "--published", "--help")


def bound(arguments: Sequence[str]) -> list[str]:
    """``arguments`` with values that begin with a dash bound to their option (``--key=-x``); argparse would take them for options."""
    found: list[str] = []
    for one in arguments:
        if found and found[-1] in _ANY_VALUE and one.startswith("-") and one not in _NAMES:
            found[-1] = f"{found[-1]}={one}"
        else:
            found.append(one)
    return found


def _run(arguments: Sequence[str] | None) -> int:
    given = parser().parse_args(bound(sys.argv[1:] if arguments is None else arguments))
    try:
        return int(importlib.import_module(given.module).run(given))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        raise
    except Exception as error:
        from miniprogram_api.cli.refusals import sentence_for

        sentence = sentence_for(error)
        if not sentence:
            raise
        print(sentence)
        return 1


if __name__ == "__main__":
    sys.exit(main())
