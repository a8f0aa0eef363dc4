/* Until policy/packet.c is there; whoever brings it deletes this. */
#include "policy/packet.h"
void packet_parse(const struct frame *f, struct packet *p) { (void)f; *p = (struct packet){0}; }
bool packet_parse_inner(const struct frame *f, const struct packet *o, struct packet *p) { (void)f; (void)o; *p = (struct packet){0}; return false; }
