"""/v1/departments, slots, appointments."""

from __future__ import annotations

from sanic import Blueprint

from core.appointments import commands as appointments
from miniprogram_api.http.api import order_route

blueprint = Blueprint("appointments", url_prefix="/v1")

order_route(blueprint, "GET", "/departments", appointments.DepartmentsWithSlots)
order_route(blueprint, "GET", "/slots", appointments.FreeSlots, query_names={"department": "department_code"})
order_route(blueprint, "POST", "/appointments", appointments.BookSlot, status=201)
order_route(blueprint, "GET", "/appointments", appointments.MyAppointments)
order_route(blueprint, "POST", "/appointments/<appointment_id:str>/cancel", appointments.CancelAppointment)
order_route(blueprint, "GET", "/roster", appointments.MyRoster)
order_route(blueprint, "POST", "/absences", appointments.SetAbsence, status=201)
order_route(blueprint, "POST", "/absences/<absence_id:str>/end", appointments.EndAbsence)
