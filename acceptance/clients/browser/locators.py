"""Where things are on Open WebUI's page: the one module to correct when the page has changed.

Seen on the versions of Open WebUI in `SEEN_ON`, at 1280 x 800. The page has identifiers for what
its own tests use, and those come first; its words are English, since each page is told so.
"""

import json
import re

SEEN_ON = ("0.7.2", "0.8.12", "0.9.6", "0.10.2", "0.11.4", "0.12.4")
"""Versions of Open WebUI that these were checked with; what is found on another proves it, too."""
IN_ENGLISH = "if (location.protocol.startsWith('http')) localStorage.setItem('locale', 'en-US')"
"""As if a user had chosen it in the settings; else `DEFAULT_LOCALE` decides, then the browser."""

FORM = "/auth?form=true"
"""Shows the form even where `ENABLE_LOGIN_FORM` is off, and leads to no other sign-in."""
EMAIL, PASSWORD = "#email", "#password"  # where it is typed, not what
LDAP_NAME = "#username"
BY_EMAIL = "Continue with Email"
"""From LDAP's form, which comes first where there is LDAP, to that of Open WebUI's own accounts."""
SIGN_IN = 'button[type="submit"]'
NEWS = re.compile(r"let.?s go", re.IGNORECASE)
"""The button of the dialog that comes at an administrator's first sign-in."""
NOTICES = "[data-sonner-toaster]"
"""What is told in passing, as that an earlier conversation has got its title."""

INPUT = "#chat-input"
SEND = "#send-message-button[type=submit]"  # until 0.7.2 what makes a note is called so, too
NEW_CHAT = 'a[href="/"]:visible'

SELECTOR = "#model-selector-model-button, #model-selector-0-button"  # 0.11.4; until 0.10.2
SEARCH = "#model-search-input"
_ITEM = ":is([role=option], [aria-roledescription=model-item])[data-value]"  # 0.8.12; until 0.7.2
LIST = f"[role=listbox]:has({_ITEM}), .overflow-y-auto:has(> {_ITEM})"  # likewise
OPTION = f":is({LIST}) {_ITEM}"
NOTHING = "No results found"
READ_OPTIONS = "options => options.map(option => option.dataset.value)"
SCROLL_ON = """list => new Promise(done => {
  const before = list.scrollTop;
  list.scrollTop += list.clientHeight * 0.8;
  requestAnimationFrame(() => requestAnimationFrame(() => done(list.scrollTop > before)));
})"""
"""The list draws only what is in sight: it is scrolled until it cannot go on."""
SCROLL_BACK = "list => { list.scrollTop = 0 }"

MESSAGE = 'div[id^="message-"]:is(.user-message, :has(#response-content-container))'
READ_MESSAGES = """messages => messages.map(message => {
  const answer = message.querySelector('#response-content-container');
  const around = answer && answer.closest('.markdown-prose');  // until 0.10.2; since, it is within
  const [said, refused] = around
    ? [':scope > div:first-child:not([class*=border-red])', ':scope > [class*=border-red]']
    : ['.markdown-prose', ':scope > div:not(:has(.markdown-prose)) .break-words'];
  const words = part => part ? part.innerText.trim() : '';
  const all = what => answer ? [...answer.querySelectorAll(what)].map(words).join('\\n') : '';
  const error = all(refused), copy = message.querySelector('.copy-response-button');
  return {
    user: message.matches('.user-message'),
    model: words(message.querySelector('#response-message-model-name')),
    text: answer ? all(said) : words(message),
    error,
    done: Boolean(copy || around && error),  // until 0.10.2 nobody can copy what was refused
  };
})"""
ANSWER = f"""([code, complete]) => {{
  const all = ({READ_MESSAGES})([...document.querySelectorAll({json.dumps(MESSAGE)})]);
  const answer = all[all.findIndex(message => message.user && message.text.includes(code)) + 1];
  const found = answer && !answer.user;
  return found && (answer.done || !complete && answer.text) ? answer : null;
}}"""
"""The answer below the question with this code, complete or at its first words."""
ALL_DRAWN = """() => [...document.images].every(image => {
  const place = image.getBoundingClientRect();
  return image.complete || place.top > innerHeight || place.bottom < 0;
})"""


def option(model: str) -> str:
    """Where the model of exactly this name stands in the selector's list."""
    escaped = model.replace("\\", "\\\\").replace('"', '\\"')
    return f'{OPTION}[data-value="{escaped}"]'


def keep_token(token: str) -> str:
    """The script that signs a page in by a session's token."""
    return (
        "if (location.protocol.startsWith('http')) "
        f"localStorage.setItem('token', {json.dumps(token)})"
    )
