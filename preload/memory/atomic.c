/*
 * Atomic operations of instrumented code. They are done here, by real atomic instructions: also
 * threads that are not lanes, and other processes, may use the same memory. All are sequentially
 * consistent, as is everything where one thread runs at a time.
 */
#include "preload/interpose.h"
#include "preload/memory/access.h"

#define CALLER ((uint64_t)(uintptr_t)__builtin_return_address(0))

/* gcc would call libatomic for 16 bytes. */
#define CX16 __attribute__((target("cx16")))

/* Puts `change`, an expression of `old`, in the place of what was there, which is `old` then. */
#define REPLACE(type, at, old, change)                                       \
	type old = sizeof(type) > 8 ? 0 : *(at), seen;                       \
                                                                             \
	while ((seen = __sync_val_compare_and_swap(at, old, change)) != old) \
	old = seen

/* On this processor a plain read of up to 8 bytes is one. */
#define LOAD(type, at) (sizeof(type) > 8 ? __sync_val_compare_and_swap(at, 0, 0) : *(at))

/* The lane whose operation is an event, in a function of the interface; NULL: it goes on. */
#define BEGIN(type, at, writes)                                                                   \
	({                                                                                        \
		uint64_t address = (uint64_t)(uintptr_t)(at);                                     \
		struct lane *entered = memory_enter(address, sizeof(type), writes, true, CALLER); \
                                                                                                  \
		if (__builtin_expect(entered != NULL, 0)) {                                       \
			entered->last = unwind_here(&entered->stack);                             \
			memory_atomic_begin(entered, address, sizeof(type),                       \
					    writes ? EVENT_UPDATE : EVENT_LOAD);                  \
		}                                                                                 \
		entered;                                                                          \
	})

/* Of the parameters `at` and `order` as well. */
#define END(type, me, kind, before, after)                                                         \
	do {                                                                                       \
		if (__builtin_expect((me) != NULL, 0))                                             \
			memory_atomic_end(me, kind, (uint64_t)(uintptr_t)(at), sizeof(type),       \
					  (uint64_t)(before), (uint64_t)(after));                  \
		memory_order((uint64_t)(uintptr_t)at, (kind) != EVENT_STORE, (kind) != EVENT_LOAD, \
			     order);                                                               \
	} while (0)

#define FUNCTION(result, name, parameters)      \
	EXPORT result __tsan_##name parameters; \
	CX16 EXPORT result __tsan_##name parameters

#define FETCH(bits, type, op, change)                                                          \
	FUNCTION(type, atomic##bits##_fetch_##op, (volatile type * at, type value, int order)) \
	{                                                                                      \
		struct lane *me = BEGIN(type, at, true);                                       \
		REPLACE(type, at, old, (type)(change));                                        \
                                                                                               \
		END(type, me, EVENT_UPDATE, old, (type)(change));                              \
		return old;                                                                    \
	}

#define SWAP_IF(bits, type, strength)                                                          \
	FUNCTION(int, atomic##bits##_compare_exchange_##strength,                              \
		 (volatile type * at, type * expected, type value, int order, int failed))     \
	{                                                                                      \
		struct lane *me = BEGIN(type, at, true);                                       \
		type wanted = *expected, old = __sync_val_compare_and_swap(at, wanted, value); \
		bool same = old == wanted;                                                     \
                                                                                               \
		(void)failed;                                                                  \
		END(type, me, same ? EVENT_UPDATE : EVENT_LOAD, old, same ? value : old);      \
		if (!same)                                                                     \
			*expected = old;                                                       \
		return same;                                                                   \
	}

#define ATOMICS(bits, type)                                                                  \
	FUNCTION(type, atomic##bits##_load, (const volatile type *from, int order))          \
	{                                                                                    \
		volatile type *at = (volatile type *)(uintptr_t)from;                        \
		struct lane *me = BEGIN(type, at, false);                                    \
		type value = LOAD(type, at);                                                 \
                                                                                             \
		END(type, me, EVENT_LOAD, value, value);                                     \
		return value;                                                                \
	}                                                                                    \
	FUNCTION(void, atomic##bits##_store, (volatile type * at, type value, int order))    \
	{                                                                                    \
		struct lane *me = BEGIN(type, at, true);                                     \
		REPLACE(type, at, old, value);                                               \
                                                                                             \
		END(type, me, EVENT_STORE, old, value);                                      \
	}                                                                                    \
	FUNCTION(type, atomic##bits##_exchange, (volatile type * at, type value, int order)) \
	{                                                                                    \
		struct lane *me = BEGIN(type, at, true);                                     \
		REPLACE(type, at, old, value);                                               \
                                                                                             \
		END(type, me, EVENT_UPDATE, old, value);                                     \
		return old;                                                                  \
	}                                                                                    \
	FUNCTION(type, atomic##bits##_compare_exchange_val,                                  \
		 (volatile type * at, type wanted, type value, int order, int failed))       \
	{                                                                                    \
		struct lane *me = BEGIN(type, at, true);                                     \
		type old = __sync_val_compare_and_swap(at, wanted, value);                   \
		bool same = old == wanted;                                                   \
                                                                                             \
		(void)failed;                                                                \
		END(type, me, same ? EVENT_UPDATE : EVENT_LOAD, old, same ? value : old);    \
		return old;                                                                  \
	}                                                                                    \
	SWAP_IF(bits, type, strong)                                                          \
	SWAP_IF(bits, type, weak)                                                            \
	FETCH(bits, type, add, old + value)                                                  \
	FETCH(bits, type, sub, old - value)                                                  \
	FETCH(bits, type, and, old &value)                                                   \
	FETCH(bits, type, or, old | value)                                                   \
	FETCH(bits, type, xor, old ^ value)                                                  \
	FETCH(bits, type, nand, ~(old & value))

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)
ATOMICS(128, unsigned __int128)

FUNCTION(void, atomic_thread_fence, (int order))
{
	struct lane *me = thread_state.lane;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (hb_on && me && !thread_state.inside && schedule.started)
		hb_fence(me, order);
}

/* Nothing is moved across a call anyway. */
FUNCTION(void, atomic_signal_fence, (int order))
{
	(void)order;
}
