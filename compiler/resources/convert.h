// SPDX-License-Identifier: Apache-2.0
// An SMI object in another version of its kind (SMI reference §1.4): values in, values out, for
// `smic convert` and for the conversion webhook of a cluster. What is said here of versions is
// about how objects are written; what they mean is the decoders' business.
//
// Promise: an object read back in its own version is the object that was written, whichever
// versions it went through, member for member; metadata but for annotations is never touched, and
// an object that is not valid is converted all the same. The one exception is an object so large
// that the API server would refuse it with what has to be kept: a list with one object that cannot
// be converted cannot be read at all, so then that part is lost.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/resources/value.h"

namespace smic::resources {

// What a version cannot say is kept below this prefix, as GROUP.VERSION it was said in.
inline constexpr std::string_view kConversionNote = "conversion.smic.dev/";
// Kubernetes takes 256 KiB of annotations an object; some are left for others.
inline constexpr std::size_t kMaxNoteBytes = 192 << 10;

// `api_version` is "split.smi-spec.io/v1alpha4". Or why there is no such object: it is of no SMI
// kind, or its kind does not have one of the two versions.
std::expected<Value, std::string> convert(Value object, std::string_view api_version);

// The object as it was written before a conversion that lost something, if it was not edited since.
// Nothing: it is as it was written.
std::optional<Value> as_first_written(const Value& object);

// Which objects, to which version: "v1alpha4" of every group, or "split.smi-spec.io/v1alpha4".
struct ConversionGoal {
  std::string group;  // empty = every SMI group
  std::string version;
};
std::optional<ConversionGoal> parse_goal(std::string_view text);

// Everything in the YAML and JSON sources, in order, with the SMI objects that the goal means
// converted, also those inside of lists. Told are objects that have no such version (E55), which
// stay as they are, and those of which an annotation has to keep a part (W16).
std::vector<Value> convert_all(const Sources& sources, const ConversionGoal& goal,
                               Diagnostics& diagnostics);

}  // namespace smic::resources
