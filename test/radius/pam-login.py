"""Logs in through PAM with service files of a folder: pam-login.py FOLDER SERVICE LOGIN ANSWER... Prints every message
with its style, then `result N` (0 = success). The answers are given to the prompts in order."""

import sys
from ctypes import CDLL, CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_size_t, c_void_p, cast, sizeof

pam = CDLL("libpam.so.0")
libc = CDLL("libc.so.6")
libc.calloc.restype = c_void_p
libc.calloc.argtypes = [c_size_t, c_size_t]
libc.strdup.restype = c_void_p
libc.strdup.argtypes = [c_char_p]


class Message(Structure):
    _fields_ = [("style", c_int), ("text", c_char_p)]


class Response(Structure):
    _fields_ = [("text", c_void_p), ("code", c_int)]


Converse = CFUNCTYPE(c_int, c_int, POINTER(POINTER(Message)), POINTER(POINTER(Response)), c_void_p)


class Conversation(Structure):
    _fields_ = [("converse", Converse), ("data", c_void_p)]


folder, service, login, *answers = sys.argv[1:]


def converse(count, messages, responses, _):
    responses[0] = cast(libc.calloc(count, sizeof(Response)), POINTER(Response))
    for index in range(count):
        message = messages[index].contents
        print(message.style, message.text.decode(), flush=True)
        if message.style in (1, 2):
            answer = answers.pop(0) if answers else ""
            responses[0][index].text = libc.strdup(answer.encode())
    return 0


conversation = Conversation(Converse(converse), None)
handle = c_void_p()
result = pam.pam_start_confdir(service.encode(), login.encode(), byref(conversation), folder.encode(), byref(handle))
if result == 0:
    result = pam.pam_authenticate(handle, 0)
print("result", result)
pam.pam_end(handle, result)
