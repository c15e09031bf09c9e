const google = 'https://www.googleapis.com/auth/';

export const events = `${google}calendar.events`;
export const eventsRead = `${google}calendar.events.readonly`;
export const lists = `${google}calendar.calendarlist.readonly`;
export const calendars = `${google}calendar.calendars.readonly`;
export const freebusy = `${google}calendar.freebusy`;
export const own = `${google}calendar.app.created`;
export const readonly = `${google}calendar.readonly`;
export const all = `${google}calendar`;
export const email = `${google}userinfo.email`;
