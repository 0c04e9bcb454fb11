// SPDX-License-Identifier: Apache-2.0
// Parsed once for all libraries (SmicPrecompiled.cmake): what most files include anyway. Files go
// on naming what they use; builds with sanitizers have no precompiled headers and miss what they
// don't.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
