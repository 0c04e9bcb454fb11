// SPDX-License-Identifier: Apache-2.0
// The decision ABI, version 1 (DESIGN §4): the structs that cross the border between the proxy
// and the native code of an image. Plain C layout, no headers but stdint, because the kernel that
// is compiled for every target includes this file too.
//
// Ownership: the caller owns every byte a view points at, for the duration of the call. The code
// reads the view and its own constants, writes the verdict, and nothing else.
#pragma once

#include <stdint.h>

namespace smic::contract {

inline constexpr uint32_t kAbiVersion = 1;

// Destinations (pod identity, or identity and pod port) that one unit can tell apart.
inline constexpr uint32_t kMaxDestinations = 256;
inline constexpr uint32_t kDestinationWords = kMaxDestinations / 64;

// Methods of the SMI enum (D-29); every other token is `kOther`. Who names one of those tests its
// text too, in the slot kMethodHeader.
enum class Method : uint32_t {
  kOther = 0,
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch,
};
inline constexpr uint32_t kMethodCount = 10;
inline constexpr char kMethodHeader[] = ":method";

struct Slice {
  const char* data;
  uint64_t size;
};

// One header name that the unit asks for (image.h lists the names, in slot order): every field
// line of that name in the request, values without surrounding white space. `count` 0 = absent,
// and an absent header satisfies no condition (SMI reference §2.1.5).
struct HeaderSlot {
  const Slice* lines;
  uint64_t count;
};

struct RequestView {
  Slice path;                 // normalised (D-3), without query and fragment
  const HeaderSlot* headers;  // as many as the image asks for
  uint32_t method;            // a Method
  uint32_t source_class;      // 0 = a source no rule names; else as the manifest says
};

struct Verdict {
  uint32_t route;                       // index into the unit's routes; always one of them
  uint32_t reserved;                    // zero
  uint64_t allowed[kDestinationWords];  // bit d: this source may send this request to destination d
};

// Symbols of an image's object.
//   smic_v1_match   decides a request
//   smic_v1_split   picks a backend of a route: index within the route's backends, in the order
//                   written. `entropy` is read as a fraction of 2^64, so a low-discrepancy sequence
//                   gives a fair split (D-20). kNoBackend if all weights are zero (D-20b).
using MatchFunction = void (*)(const RequestView*, Verdict*);
using SplitFunction = uint32_t (*)(uint32_t route, uint64_t entropy);
inline constexpr uint32_t kNoBackend = 0xffffffff;

}  // namespace smic::contract
