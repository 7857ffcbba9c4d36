"""An example config with fresh random keys, for `huizhen simulator --example`."""

import secrets

from .standalone import aes_key

TEXT = """\
# 模拟微信的配置 / config of the simulated WeChat. 启动 / start: huizhen simulator --config sim.toml
# 不要的账号整段删掉。Leave out the accounts that you do not need. 说明 / more: docs/simulator.md

port = 8090                  # 页面 / page: http://127.0.0.1:8090/
# state = "sim-state"        # 把聊天记录留在这个文件夹 / keep what happens in this folder; 不写则结束时忘掉 / else forgotten at the end
# people_count = 4           # 没有 [[people]] 时造几个人 / how many people are made up where none are named

[official_account]           # 公众号 / Official Account
name = "演示服务号"
original_id = "gh_{hex6}"
appid = "wx{oa}"
secret = "{oa_secret}"
token = "{oa_token}"
encoding_aes_key = "{oa_key}"
callback_url = "http://127.0.0.1:8000/wechat"    # 你的机器人 / your bot
security = "security"        # plain 明文, compatible 兼容, security 安全
templates = {{ progress = "TEMPLATE-PROGRESS" }}   # 名称 = 模板编号 / name = template id

[mini_program]               # 小程序 / mini program
name = "演示小程序"
original_id = "gh_{mini6}"
appid = "wx{mini}"
secret = "{mini_secret}"
token = "{mini_token}"
encoding_aes_key = "{mini_key}"
callback_url = "http://127.0.0.1:8000/mini-program"
message_format = "json"      # json 或 / or xml
templates = {{ reminder = "TEMPLATE-REMINDER" }}

[wecom]                      # 企业微信 / WeCom
corpid = "ww{corp}"

[wecom.app]                  # 自建应用 / self-built app
name = "演示应用"
agentid = 1000002
secret = "{app_secret}"
token = "{app_token}"
encoding_aes_key = "{app_key}"
callback_url = "http://127.0.0.1:8000/wecom-app"

[wecom.robot]                # 智能机器人 / intelligent robot
name = "演示机器人"
aibotid = "aib{robot}"
token = "{robot_token}"
encoding_aes_key = "{robot_key}"
callback_url = "http://127.0.0.1:8000/wecom-robot"

# [[people]]                 # 不写则自动造人 / made up where none are named
# key = "person-1"           # 页面和接口里的名字 / how the page and its API call him
# name = "王芳(演示)"
# channels = ["official_account", "mini_program", "wecom"]

# [[groups]]                 # 群 / groups of WeCom; 机器人在里面 / the robot is in them
# chatid = "demo-group"
# name = "演示群"
# webhook = "{webhook}"       # 消息推送地址里的 key / the key in the address of its webhook

# [faults]                   # 一启动就有的故障 / faults from the start; 页面上可以改 / the page changes them
# duplicate_callbacks = true
# delay_ms = 800
# seed = 7
"""


def example() -> str:
    """The example, with keys that were never used before."""
    eight = {name: secrets.token_hex(8) for name in ("oa", "mini", "corp", "robot")}
    pair = {f"{who}_{what}": secrets.token_hex(size) for who in ("oa", "mini", "app", "robot") for what, size in (("secret", 16), ("token", 12))}
    keys = {f"{who}_key": aes_key() for who in ("oa", "mini", "app", "robot")}
    return TEXT.format(**eight, **pair, **keys, hex6=secrets.token_hex(6), mini6=secrets.token_hex(6), webhook=secrets.token_hex(16))
