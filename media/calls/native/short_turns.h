#ifndef HUIZHEN_SHORT_TURNS_H
#define HUIZHEN_SHORT_TURNS_H

/* The calling thread gives up its core sooner, and gets one sooner when it wakes, before threads that take longer turns. Needs no privilege; a system
 * that does not know of it (Linux before 6.12) leaves everything as it is. */
void take_short_turns(void);

#endif
