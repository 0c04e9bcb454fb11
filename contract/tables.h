// SPDX-License-Identifier: Apache-2.0
// The portable tables of one decision: all that a unit decides, as one block of read-only bytes.
// kernel.cpp says what they mean, check_tables.h when they are safe to run, compiler/decision
// writes them.
//
// Everything is little-endian and aligned to 4; a reference is an offset from the first byte, so
// the block can lie anywhere. Scalars that shape the work (how many groups, slots, words) are in
// TablesHeader, where codegen folds them to constants and drops what a unit does not need.
//
//   request path ──program──▶ leaf ──entries──▶ outcome: (route, row) ──terms──▶ cells ──▶
//   destinations
//                              └────triggers──▶ header words ──entries──▶ …
//
// A *program* is a byte automaton as a string of small ops (below), one op per run of bytes,
// class or branch, laid out in depth-first order, and most leaves are not even beside the op that
// reaches them but in its ref: a decision walks through few cache lines, and ten thousand rules
// stay near the L2 cache. That layout, not machine code, is what makes the number of rules cheap (a
// dense automaton of 10,000 rules is tens of megabytes, and every byte of a path a cache miss).
//
// Everything reached is combined: the least route wins, rows add up. So groups of patterns, leaves
// and header conditions can be stored apart, and nothing multiplies with anything.
#pragma once

#include <stdint.h>

#include "contract/abi.h"

namespace smic::contract {

inline constexpr uint32_t kTablesMagic = 0x544d5331;  // "1SMT"
inline constexpr uint32_t kTablesVersion = 4;

// The kernel reads up to a word at a time: this much after the last record belongs to the block.
inline constexpr uint32_t kTablesPadding = 32;

// Words of 64 header patterns that one call of match keeps on its stack. Slots that do not fit are
// evaluated each time they are asked for: slower, same answer.
inline constexpr uint32_t kMemoWords = 512;

// ---- header, at offset 0; every field a u32 ----------------------------------------------------

struct TablesHeader {
  uint32_t magic;
  uint32_t version;
  uint32_t size;               // of the whole block, padding included
  uint32_t routes;             // how many; at least 1
  uint32_t route_table;        // RouteRecord[routes]
  uint32_t path_groups;        // how many automata the path goes through
  uint32_t path_roots;         // u32[path_groups]: refs
  uint32_t start;              // OutcomeRecord[kMethodCount]: what holds before anything is read
  uint32_t outcomes;           // how many
  uint32_t outcome_table;      // OutcomeRecord[outcomes]
  uint32_t base_leaf;          // leaf of the matches that have no path, or 0
  uint32_t lists;              // how many ListRecords there are
  uint32_t slots;              // how many headers are asked for
  uint32_t slot_table;         // SlotRecord[slots]
  uint32_t header_words;       // words of all slots together
  uint32_t byte_classes;       // how many
  uint32_t byte_class_table;   // ByteClassRecord[byte_classes]
  uint32_t source_classes;     // valid classes are below this
  uint32_t destination_words;  // words of a destination mask, at most kDestinationWords
  uint32_t masks;              // how many
  uint32_t mask_table;         // u64[destination_words] each; mask 0 is empty, mask 1 is full
  uint32_t keys;               // how many; a key is a set of sources that rows speak of
  uint32_t cells_form;         // CellsForm
  uint32_t cell_table;
  uint32_t cell_bits;    // hash: 2^bits records
  uint32_t cell_probes;  // hash: the longest probe sequence that any present cell needs
};

// ---- routes and splits -------------------------------------------------------------------------

struct RouteRecord {
  uint32_t backends;    // how many
  uint32_t cumulative;  // u64[backends]: weights summed up; all zero = unavailable
};

// ---- outcomes, rows, cells ---------------------------------------------------------------------

struct OutcomeRecord {
  uint32_t route;
  uint32_t row;  // offset of the first TermRecord, or 0 = allows nothing
};

// A row is a list of terms; its mask for a source class is the union over its terms of
// mask ∧ cell(key, class). The last one has kLastTerm.
struct TermRecord {
  uint32_t key;   // or kEverySource
  uint32_t mask;  // index, | kLastTerm
};
inline constexpr uint32_t kEverySource = 0xffffffff;
inline constexpr uint32_t kLastTerm = 0x80000000;

// cell(key, class) → mask; what is not there is mask 0.
//   hashed   CellRecords, linear probing from cell_hash()
//   dense    u32[keys × source_classes] of masks
//   bits     a bit of each (key × source_classes + class): mask 1 or 0
//
// Most units need no more than bits, as a caller is in a set of sources or not: 5 KB of them say
// for 200 sets of 200 callers what 12 KB of records do, without a search.
enum CellsForm : uint32_t { kCellsHashed = 0, kCellsDense, kCellsBits };

struct CellRecord {
  uint32_t key;  // kNoKey = free
  uint32_t source_class;
  uint32_t mask;
};
inline constexpr uint32_t kNoKey = 0xffffffff;

constexpr uint32_t cell_hash(uint32_t key, uint32_t source_class) {
  uint32_t x = key * 0x9e3779b1u ^ source_class * 0x85ebca77u;
  x = (x ^ x >> 15) * 0x2c1b3c6du;
  return x ^ x >> 13;
}

// ---- leaves ------------------------------------------------------------------------------------

// What a set of accepted path patterns means. Wherever a leaf is referred to stands a number: the
// leaf itself, if it is one outcome for some methods, as most are; or the offset of a
// TestLeafRecord or LeafRecord. All have zeros in the two low bits, where refs have their tags.
inline constexpr uint32_t kLeafInline = 0x80000000;
inline constexpr uint32_t kInlineOutcomes = 1 << 19;

constexpr uint32_t inline_leaf(uint32_t methods, uint32_t outcome) {
  return kLeafInline | outcome << 12 | methods << 2;
}
constexpr uint32_t inline_methods(uint32_t leaf) { return leaf >> 2 & 0x3ff; }
constexpr uint32_t inline_outcome(uint32_t leaf) { return leaf >> 12 & (kInlineOutcomes - 1); }
static_assert(kMethodCount <= 10);

// EntryRecord[entries], then TriggerRecord[triggers], then what the leaves on the list say. Leaves
// on a list have no list of their own.
struct LeafRecord {
  uint16_t entries;  // less than kTestLeaf
  uint16_t triggers;
  uint32_t list;  // ListRecord or 0
};

// One outcome for some methods of requests that have one header pattern.
struct TestLeafRecord {
  uint16_t kind;  // kTestLeaf
  uint16_t methods;
  uint16_t slot;
  uint16_t pattern;  // within the slot
  uint32_t outcome;
};
inline constexpr uint32_t kTestLeaf = 0xffff;

struct EntryRecord {
  uint16_t methods;  // bit 1 << method
  uint16_t needs;    // how many NeedRecords follow (0 in a leaf)
  uint32_t outcome;  // number
};

struct ListRecord {
  uint32_t leaf;
  uint32_t next;  // lies before this record, or 0: lists share their tails and end
};

// One word of header patterns. For every bit of `relevant` that the request has, in order of rank,
// bits[rank] is the offset of a u32 count and that many entries, each followed by its needs.
struct TriggerRecord {
  uint32_t slot;
  uint32_t word;  // within the slot
  uint32_t relevant_low, relevant_high;
  uint32_t methods;  // of all its entries: for others the header need not be looked at
  uint32_t bits;     // u32[popcount(relevant)]
};

// The entry holds only if the request has all these patterns of that word too.
struct NeedRecord {
  uint32_t slot;
  uint32_t word;
  uint32_t mask_low, mask_high;
};

// ---- header slots ------------------------------------------------------------------------------

// A line of the header goes through each group's program; the result is a PatternSet (offset of a
// u32 count and that many PatternWords), or 0. The lines' sets are united.
struct SlotRecord {
  uint32_t first_word;  // among header_words
  uint32_t words;
  uint32_t groups;
  uint32_t roots;  // u32[groups]: refs
  uint32_t
      needles;  // u32[64 * words]: NeedleRecords of patterns, each may be 0; or 0 = none at all
};

// The pattern is `.*text.*`. Most patterns of headers are, and a leaf asks for one or two of them:
// then these are searched for, which costs a tenth of the automaton of all patterns of the slot.
// Only lines of ASCII without newlines are searched, for the dot is no other byte alone; and only
// so many searches are made for one request, then the automaton answers for all.
struct NeedleRecord {
  uint32_t size;  // 1 to kMaxNeedle; the bytes follow
};
inline constexpr uint32_t kMaxNeedle = 32;
inline constexpr uint32_t kMaxSearches = 8;

struct PatternWord {
  uint32_t word;
  uint32_t mask_low, mask_high;
};

// ---- programs ----------------------------------------------------------------------------------

// A ref says where an automaton goes on: an op, or the end with a result (a leaf for paths, the
// offset of a pattern set for headers; 0 = nothing matched). The two low bits of the offset tell.
inline constexpr uint32_t kRefFinal = 1;  // the rest of the subject cannot change the result
inline constexpr uint32_t kRefRetry = 2;  // look at the same byte again, there; only as a fallback
inline constexpr uint32_t kRefTags = 3;
inline constexpr uint32_t kDead = kRefFinal;

// An op starts with four bytes; the first is kind | flags. Fields that are absent mean: no result
// at the end of the subject, dead, the op that follows in memory. They stand at the end of the op
// in the order next, fallback, accept.
//
//   node    [kind] [length] [slots] [factor]  text, keys, refs, each padded to 4
//             this text, and then the byte of a key: that key's ref; or with slots = 0, so without
//             keys, only the text, then `next`. Anything else: fallback, at the byte that differs.
//             Keys and refs are 2^(slots-1) each; a key's place is key_slot(). Without keys,
//             `factor` is the op's whole size in units of four bytes
//   step    [kind] [test] [class, u16]
//             a byte of the class, then `next`; any other byte: fallback
//   span    [kind] [test] [class, u16]
//             as many bytes of the class as there are, then `next` at the byte after them; with
//             kTestPlus at least one, or the program is dead
//   end     [kind] [0] [0] [0]
//             no byte is expected: any byte goes to fallback
//   last    [kind] [length] [0] [0]  accept, text padded to 4
//             this text and nothing behind it; anything else is dead
//   map     [kind] [0] [0] [0]  accept, fallback, u8 ranks[4], u64 bits[4], refs
//             a bit per key and a ref per key (fallback: other bytes), or with kMapRuns a bit
//             per start of a run of equal bytes and a ref per run (no other bytes exist)
//   hash    [kind] [seed] [bits] [segments]  accept, fallback, slots, prefixes, stride,
//             u8 shifts[2^bits], WordSlot[slots] aligned in the block (word_table()), prefixes of
//             `stride` bytes each
//             the word ahead (below), if it is the one of its slot; anything else: fallback, at the
//             byte where the word begins
//   bits    [kind] [0] [0] [0]  BitsRecord
//             the rest of the subject by a nondeterministic automaton, a bit per position: what is
//             left for a pattern that would take too many ops. It ends the program
//
// `accept` is the result when the subject ends here, in a node also within its text. A step or span
// with kTestUtf8 also takes a well-formed sequence of 2 to 4 bytes (lead byte c2-df, e0-ef or
// f0-f4, as RE2 has it); a broken one ends the program with its fallback.
//
// Why a node is text and branch in one, and keys are hashed without collisions: a table of routes
// is a tree of nodes, and what a decision costs is mispredicted jumps and loads that wait for each
// other, not bytes. A node has no jump that a hit could take wrong, and two loads that wait.
//
// A hash stands where many literal words branch more than once, as in ten thousand routes that
// differ in some segments: one look-up instead of a branch per byte, each of them a load that waits
// for the one before and comes from further away the more rules there are. It is a short cut, so
// whatever the words ahead are, the answer is right: what is none of its words takes the ordinary
// way, which is its fallback.
//
// A rule's own memory is in no cache if there are ten thousand of them. So what comes behind a word
// is shared with all words that go on alike, and the slot says what it means for this one
// (kResultOfWord): nothing waits for the text, which is far away, but the comparison. And words are
// alike but for their ends, so what they begin with is shared too.
//
// INVARIANT: every op consumes a byte, but for span, a hash that does not find its word, and
// retries. What a span goes on to, and what is retried, never retries and is no hash, and what a
// span goes on to is no span; nor is a hash's fallback a hash. So at most four ops look at one byte
// (hash, node, span, what follows it), what a hash looks at is bounded, and a program ends in time
// linear in the subject.
enum class Op : uint32_t { kNode = 0, kStep, kSpan, kEnd, kMap, kHash, kBits, kLast };
inline constexpr uint32_t kOpKind = 0x07;
inline constexpr uint32_t kOpAccept = 0x10;
inline constexpr uint32_t kOpFallback = 0x20;
inline constexpr uint32_t kOpNext = 0x40;
inline constexpr uint32_t kMapRuns = 0x80;

inline constexpr uint32_t kMaxText = 255;
inline constexpr uint32_t kMaxSlots = 6;  // 32 keys; more are a map

constexpr uint32_t key_slot(uint32_t byte, uint32_t slots, uint32_t factor) {
  return (byte * factor & 0xff) >> (9 - slots);
}

inline constexpr uint32_t kMapHeader = 4 + 8 + 4 + 32;

// ---- hashed words ------------------------------------------------------------------------------

// A word is what is ahead up to the slash numbered `segments`, the end or kMaxWord bytes, as
// little-endian numbers with zeros behind it.
inline constexpr uint32_t kMaxWord = 32;
inline constexpr uint32_t kWordParts = kMaxWord / 8;
inline constexpr uint32_t kMaxSegments = 6;
inline constexpr uint32_t kHashHeader = 24;
inline constexpr uint32_t kMinShiftBits = 2;  // so that the slots are aligned
inline constexpr uint32_t kMaxShiftBits = 20;
struct Word {
  uint64_t parts[kWordParts];
};

// All that is a rule's own, in one line of a cache: what it leads to, the last bytes of the word,
// and the number of the prefix that has those before.
struct WordSlot {
  uint32_t next;             // ref behind the word
  uint32_t result;           // what kResultOfWord means there, or 0; | kWordSlash
  uint32_t size_and_prefix;  // size | prefix << 8
  uint8_t end[4];            // what the word does not have of them is zero, at the end
};
inline constexpr uint32_t kWordEndAt = 12;
static_assert(sizeof(WordSlot) == 16);

// The offset of the slots of a hash that lies at `op`.
constexpr uint64_t word_table(uint32_t op, uint32_t bits) {
  return (op + uint64_t{kHashHeader} + (uint64_t{1} << bits) + sizeof(WordSlot) - 1) &
         ~uint64_t{sizeof(WordSlot) - 1};
}
inline constexpr uint32_t kWordSlash = 1;  // the slash behind the word is taken too

// The result of an op that stands for the result in the slot of the last word that was found. It is
// no offset: a header lies there.
inline constexpr uint32_t kResultOfWord = 4;

inline constexpr uint32_t kWordEnd = 4;
inline constexpr uint32_t kMaxPrefixes = 1 << 24;
inline constexpr uint32_t kMaxStride = kMaxWord - kWordEnd;
inline constexpr uint32_t kNoWord = 255;  // size of what is in a free slot: no word has it

constexpr uint64_t folded_product(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product);
}
constexpr uint64_t word_hash(const Word& word, uint32_t seed) {
  return folded_product(word.parts[0] ^ 0xa0761d6478bd642f,
                        word.parts[1] ^ (0xe7037ed1a0b428db + (uint64_t{seed} << 32))) ^
         folded_product(word.parts[2] ^ 0x8ebc6af09c88c6e3, word.parts[3] ^ 0x589965cc75374cc3);
}

// Hash and displace: a few words share a shift, which was chosen so that all words get slots of
// their own, nearly as few slots as words.
constexpr uint32_t word_shift(uint64_t hash, uint32_t bits) {
  return static_cast<uint32_t>(hash) & ((1u << bits) - 1);
}
constexpr uint32_t word_slot(uint64_t hash, uint32_t shift, uint32_t slots) {
  const uint32_t spread = static_cast<uint32_t>(hash >> 32) ^ shift * 0x9e3779b1u;
  return static_cast<uint32_t>(uint64_t{spread} * slots >> 32);
}

// What a step or span takes. With kTestRanged the class is ASCII and of at most four ranges, and
// `low` and `high` say so for eight bytes at a time: byte b is in a range first..last iff adding
// 0x80 - first carries into bit 7 and adding 0x7f - last does not. A range of zeros is empty.
inline constexpr uint32_t kTestRanged = 0x01;
inline constexpr uint32_t kTestUtf8 = 0x10;
inline constexpr uint32_t kTestPlus = 0x20;

inline constexpr uint32_t kClassRanges = 4;
inline constexpr uint32_t kMaxByteClasses = 1 << 16;

struct ByteClassRecord {
  uint64_t bits[4];  // bit b % 64 of word b / 64 = member
  uint64_t low[kClassRanges];
  uint64_t high[kClassRanges];
};

// An op of kind bits. At first what follows `start` is open. A byte leaves of the open positions
// those in the mask of its class, and what follows these is open next. The result is had as soon as
// something followed is kFollowMatched, or at the end of the subject if the last step followed
// something that is kFollowAtEnd.
struct BitsRecord {
  uint32_t head;
  uint32_t result;     // of a match
  uint32_t positions;  // at most kMaxBitPositions
  uint32_t start;      // FollowRecord
  uint32_t follow_of;  // u32[positions]: FollowRecords
  uint32_t masks;      // per class a u64 for each 64 positions
  uint8_t class_of[256];
};

struct FollowRecord {
  uint32_t flags;
  uint32_t runs;  // so many BitRuns come behind
};
inline constexpr uint32_t kFollowMatched = 1;
inline constexpr uint32_t kFollowAtEnd = 2;

struct BitRun {
  uint32_t first;
  uint32_t count;
};

// INVARIANT: with every position open, no byte takes more than kMaxBitSteps: the words of a mask,
// and for each position in it one step, one for each of its runs and one for each 64 positions of a
// run.
inline constexpr uint32_t kMaxBitPositions = 1 << 15;
inline constexpr uint32_t kMaxBitSteps = 1 << 13;

}  // namespace smic::contract
