"""A WeChat and WeCom platform on this machine, as its own process (`python -m bot.simulator`).

It shares no code with the rest of the project, the cryptography included, so each side tests the other.

Platforms' side (HTTP 200 with errcode, paths as on the real hosts)
    /simulator/api.weixin.qq.com/…        cgi-bin/token, stable_token, message/custom/send, message/template/send, message/subscribe/send,
                                          media/get, media/upload, user/info, menu/create|get|delete; sns/jscode2session, sns/oauth2/access_token;
                                          wxa/business/getuserphonenumber
    /simulator/qyapi.weixin.qq.com/…      cgi-bin/gettoken, message/send, message/update_template_card, appchat/create|get|update|send,
                                          auth/getuserinfo, user/get, media/get, media/upload, aibot/response (the response_url), webhook/send;
                                          files/… (the robot's, encrypted)
    /simulator/openws.work.weixin.qq.com  the robot's long connection (WebSocket frames, long_connection.py); while one is live, the robot's
                                          callbacks go there
    /simulator/open.weixin.qq.com/connect/oauth2/authorize      both accounts; the person stands in redirect_uri: /phone/<key>/…
    /simulator/sms/v1/messages                                  an SMS gateway (sms_gateway.py); what it takes is the phone's chat sms

People's side (JSON; errors {"error": code, "message": Chinese sentence})
    GET  /simulator/people                                      {"people": [{key, name, role, title, place, chats: [{id, title, last, following?,
                                                                menu?, members?}]}]}
    GET  /simulator/people/<key>/chats/<chat>/messages?after=   [message], oldest first, at most 500: those after a seq, or the latest
    POST /simulator/people/<key>/chats/<chat>/messages          text {content, quote?: seq}, voice {recognition, data_base64?},
                                                                image|file {name, data_base64}, location {latitude, longitude, label} → 201 message
    POST /simulator/people/<key>/chats/<chat>/taps              {seq, key, selected?: {question: option|[options]}}; without seq: the account's menu
                                                                → 201 {exchange?, seq?, url?, page?}
    POST /simulator/people/<key>/chats/<chat>/enter             opens the robot's or the app's chat (enter_chat, enter_agent)
    GET  /simulator/people/<key>/identity-card                  {full_name, id_number}: what a made-up person carries in his pocket
    POST /simulator/people/<key>/mini-program/login|phone       {code};  …/subscribe {"templates": {id: accept|reject|ban}}
    POST /simulator/people/<key>/official-account/follow|unfollow   {scene?} → {following}
    GET  /simulator/exchanges/<id>                              {id, kind: callback|api, channel, person, address, at, outcome, reason, warnings,
                                                                attempts: [{number, at, took_ms, duplicate, refresh?, outcome, reason,
                                                                request {method, url, raw, decrypted}, answer {status, raw, decrypted} | null}]}
    GET  /simulator/exchanges                                   the last 50, newest first, without attempts
    GET  /simulator/events?person=                              server-sent events {person, chat, message} and {person, chat, update: message}
    PUT /simulator/clock                                        {offset_s}: how far the phones' clocks are ahead; told by the practice's own server
    GET, PUT /simulator/conditions                              faults by name (conditions.NAMES); what each does: docs/simulator.md
    POST /simulator/tokens/lost                                 {errcode?: 40001|42001}: every issued token stops being valid now → {lost: count}
    GET, PUT /simulator/people/<key>/refusals                   {subscriptions, templates: true|false, customer_service: 45015|45047|null}
    GET  /simulator/outbox?person=&outcome=answered|error       {sent: the last 100 calls of the API, newest first, by person and outcome}
    POST /simulator/verifications                               URL verification of the four callbacks: {channel: {ok, reason}}
    GET  /simulator/static/wx.js                                the wx object of one phone, for a mini program's own code (page/wx.js)
    GET  /simulator/media/<id>                                  a picture or file of a chat;  /  and  /simulator/static/…  the page

A message is {seq, at, from: person|member|service, sender, type, exchange?, …}. Types: text {content, quote?, menu_id?}; markdown {content,
finished, images?, interrupted?}; voice {recognition, url}; image|file|video {url, name, size?}; location; menu {head, items: [{id, content}], tail};
card {card: the platform's template_card, `replaced` when its buttons are greyed}; template and subscription {name, data: {key: text}, url|page};
link {title, description, url, picture}; articles {items}; mini_program_page {title, path}; notice {content} (a line of the platform itself).
Outcomes of an exchange: pending, answered, silent, invalid, timeout, dropped, refused, status; for calls answered, error.
"""
