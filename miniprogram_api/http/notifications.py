"""/v1/reminders: stop and resume."""

from __future__ import annotations

from sanic import Blueprint

from core.notifications import commands as notifications
from miniprogram_api.http.api import order_route

blueprint = Blueprint("notifications", url_prefix="/v1")

order_route(blueprint, "GET", "/reminders", notifications.ReadReminders)
order_route(blueprint, "POST", "/reminders/stop", notifications.StopReminders)
order_route(blueprint, "POST", "/reminders/resume", notifications.ResumeReminders)
