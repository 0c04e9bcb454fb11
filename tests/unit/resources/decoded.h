// SPDX-License-Identifier: Apache-2.0
// One text decoded, for tests that look at what comes out.
#pragma once

#include <string>
#include <utility>

#include "compiler/resources/resources.h"

namespace smic::test {

inline resources::Set decoded(std::string text, std::string name = "test.yaml") {
  Sources sources;
  sources.add(std::move(name), std::move(text));
  Diagnostics diagnostics(sources);
  return resources::decode(sources, diagnostics);
}

}  // namespace smic::test
