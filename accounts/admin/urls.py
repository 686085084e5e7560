"""The addresses of the console's doors, which come before Django's own."""

from django.urls import path

from accounts.admin import doors

urlpatterns = [
    path("admin/login/", doors.LogIn.as_view(), name="console-log-in"),
    path("admin/login/code/", doors.Code.as_view(), name="console-code"),
    path("admin/second-factor/", doors.Enrol.as_view(), name="console-enrol"),
    path("admin/step-up/", doors.StepUp.as_view(), name="console-step-up"),
    path("admin/password_change/", doors.ChangePassword.as_view(), name="console-change-password"),
]
