/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signalling protocols of base/queue.h (SHARED_FLAG) and of base/blk.h
 * (OWN_FLAG), on a machine that reorders.
 *
 * Two sides, one queue in each direction, and one notification channel each way
 * that both uses share, as between a switch and a client.  A side drains its
 * queue, puts some descriptors of its own, arms, and sleeps if nothing came.
 * Checked:
 *
 *  - no wake-up is lost: a side that sleeps for ever with a descriptor waiting
 *    is an invalid end state;
 *  - a descriptor is complete when the index says it is there (the assertion).
 *
 * The machine.  Stores go to a buffer of their side and reach memory from there
 * in any order, but for two things: stores to one location stay in order, and a
 * release store waits for all before it.  A load sees its own side's buffer
 * first.  That is weaker than x86 (which keeps all stores in order) and has the
 * one reordering all processors share and the protocol must survive: a load
 * that overtakes an earlier store.  What it leaves out is loads overtaking
 * loads; those are held by acquire in the code.
 *
 * A notification goes through the platform (eventfd, pipe, seL4 signal), which
 * orders what the notifier stored before what the woken side loads; so does a
 * guest's doorbell, given the barrier its driver puts before the store.  That
 * is an assumption, so there is a variant without it as well.
 *
 * With OWN_FLAG a producer does not write the flag; a consumer stores 1 when it
 * wakes up.
 *
 * Variants, each of which run.sh expects to fail:
 *	NO_ARM_FENCE	    queue_arm() without its fence
 *	NO_NOTIFY_FENCE	    queue_must_notify() without its fence
 *	NO_SECOND_LOOK	    queue_arm() that does not look again
 *	NO_RELEASE	    queue_publish() with a relaxed store
 *	UNORDERED_NOTIFY    a notification that may overtake stores
 */
#define N 2   /* descriptors each way */
#define LEN 4 /* stores a buffer holds */

/* Locations, by queue; side p produces queue p and consumes queue 1 - p. */
#define TAIL(q) (q)
#define FLAG(q) (2 + (q)) /* consumer_signalled */
#define DESC(q, i) (4 + (q) * N + (i))
#define LOCATIONS (4 + 2 * N)

byte mem[LOCATIONS];
bool event[2]; /* a notification waits for side p */

/* The store buffers: side p's entries are p * LEN up, the oldest first. */
byte where[2 * LEN];
byte what[2 * LEN];
bool release[2 * LEN];
byte used[2];

/* Entry i of side p, oldest first. */
#define E(p, i) ((p) * LEN + (i))
#define AFTER(p, i, j) (where[E(p, i)] != where[E(p, j)])

#define MAY_0(p) (used[p] > 0)
#define MAY_1(p) (used[p] > 1 && !release[E(p, 1)] && AFTER(p, 1, 0))
#define MAY_2(p)                                                               \
	(used[p] > 2 && !release[E(p, 2)] && AFTER(p, 2, 0) && AFTER(p, 2, 1))
#define MAY_3(p)                                                               \
	(used[p] > 3 && !release[E(p, 3)] && AFTER(p, 3, 0) &&                 \
	 AFTER(p, 3, 1) && AFTER(p, 3, 2))

/* Entry i reaches memory; the younger ones move up. */
inline commit(p, i, k)
{
	mem[where[E(p, i)]] = what[E(p, i)];
	k = i;
	do
	:: k + 1 < used[p] ->
		where[E(p, k)] = where[E(p, k + 1)];
		what[E(p, k)] = what[E(p, k + 1)];
		release[E(p, k)] = release[E(p, k + 1)];
		k++
	:: else -> break
	od;
	used[p]--;
	where[E(p, used[p])] = 0;
	what[E(p, used[p])] = 0;
	release[E(p, used[p])] = false;
	k = 0
}

proctype store_buffer(byte p)
{
	byte k;
end:
	do
	:: d_step { MAY_0(p) -> commit(p, 0, k) }
	:: d_step { MAY_1(p) -> commit(p, 1, k) }
	:: d_step { MAY_2(p) -> commit(p, 2, k) }
	:: d_step { MAY_3(p) -> commit(p, 3, k) }
	od
}

inline store_as(p, location, value, is_release)
{
	d_step {
		used[p] < LEN ->
		where[E(p, used[p])] = location;
		what[E(p, used[p])] = value;
		release[E(p, used[p])] = is_release;
		used[p]++
	}
}

inline store(p, location, value)
{
	store_as(p, location, value, false)
}

inline store_release(p, location, value)
{
#ifdef NO_RELEASE
	store_as(p, location, value, false)
#else
	store_as(p, location, value, true)
#endif
}

/* The side's own youngest store to the location, else memory. */
inline load(p, location, into)
{
	d_step {
		into = mem[location];
		k = 0;
		do
		:: k < used[p] ->
			if
			:: where[E(p, k)] == location -> into = what[E(p, k)]
			:: else
			fi;
			k++
		:: else -> break
		od;
		k = 0
	}
}

#define fence(p) (used[p] == 0)

inline queue_publish(p)
{
	store_release(p, TAIL(p), made)
}

inline queue_must_notify(p)
{
#ifndef NO_NOTIFY_FENCE
	fence(p);
#endif
	load(p, FLAG(p), x);
	if
	:: x == 0 ->
#ifndef OWN_FLAG
		store(p, FLAG(p), 1);
#endif
#ifndef UNORDERED_NOTIFY
		fence(p);
#endif
		event[1 - p] = true
	:: else
	fi
}

/* Leaves what is pending, as seen at the second look, in x. */
inline queue_arm(p)
{
	store(p, FLAG(1 - p), 0);
#ifndef NO_ARM_FENCE
	fence(p);
#endif
#ifdef NO_SECOND_LOOK
	x = seen
#else
	load(p, TAIL(1 - p), x)
#endif
}

inline drain(p)
{
	load(p, TAIL(1 - p), x);
	do
	:: seen < x ->
		load(p, DESC(1 - p, seen), y);
		seen++;
		assert(y == seen)
	:: else -> break
	od;
	y = 0
}

inline wake(p)
{
#ifdef OWN_FLAG
	store(p, FLAG(1 - p), 1)
#else
	skip
#endif
}

/* Any number of batches of any size, none included. */
inline produce(p)
{
	do
	:: made < N ->
		do
		:: made < N ->
			store(p, DESC(p, made), made + 1);
			made++
		:: break
		od;
		queue_publish(p);
		queue_must_notify(p)
	:: break
	od
}

proctype side(byte p)
{
	byte seen; /* descriptors consumed */
	byte made; /* descriptors produced */
	byte x, y, k;

awake:
	drain(p);
	produce(p);
	queue_arm(p);
	if
	:: x != seen ->
		store(p, FLAG(1 - p), 1); /* queue_disarm() */
		goto awake
	:: x == seen && made < N ->
		wake(p); /* something else did it */
		goto awake
	:: x == seen && made == N && seen < N ->
		event[p];
		event[p] = false;
		wake(p);
		goto awake
	:: else
	fi
}

init
{
	atomic {
		run store_buffer(0);
		run store_buffer(1);
		run side(0);
		run side(1)
	}
}
