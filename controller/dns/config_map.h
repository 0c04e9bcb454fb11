// SPDX-License-Identifier: Apache-2.0
// A text where it stands in a ConfigMap's manifest, YAML or JSON: read out, and another put in its
// place with every other byte of the manifest as it was.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/diagnostics/diagnostics.h"

namespace smic::dns_stub {

// Is this a manifest rather than the text itself?
bool is_manifest(std::string_view text);

// data[key] of the one ConfigMap in `manifest` that has it; nothing, with the reason, if none has.
std::optional<std::string> read_value(const Sources& sources, SourceId manifest,
                                      std::string_view key, Diagnostics& diagnostics);

// The manifest with `value` there instead. Understood are block texts (`|`) and double quotes,
// which is what kubectl and people write; others are refused. What comes out was read again and
// gives `value`.
std::optional<std::string> write_value(const Sources& sources, SourceId manifest,
                                       std::string_view key, std::string_view value,
                                       Diagnostics& diagnostics);

}  // namespace smic::dns_stub
