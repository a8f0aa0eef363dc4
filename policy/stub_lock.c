/* Until policy/lock.c is there; whoever brings it deletes this. */
#include "policy/lock.h"
bool lock_allows(const struct policy_prefix *p, unsigned int n, const struct frame *f) { (void)p; (void)n; (void)f; return true; }
