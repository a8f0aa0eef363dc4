/* Until policy/bucket.c is there; whoever brings it deletes this. */
#include "policy/bucket.h"
void bucket_set(struct bucket *b, const struct policy_rate *r) { (void)b; (void)r; }
bool bucket_has(const struct bucket *b, uint64_t n, uint64_t u) { (void)b; (void)n; (void)u; return true; }
void bucket_take(struct bucket *b, uint64_t n, uint64_t u) { (void)b; (void)n; (void)u; }
