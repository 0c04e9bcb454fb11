// SPDX-License-Identifier: Apache-2.0
// An image of one unit for one CPU target (DESIGN §4): what shape it has, the ELF object with
// smic_v1_match and smic_v1_split, and where in that object the portable tables lie. Same unit
// shape, same target, same compiler version → same bytes.
//
// Layout, little-endian: a fixed header with the magic "SMICIMG", versions and section sizes; the
// target's name; the shape; the object. read_image() checks every length before it believes it and
// never reads past the end: an image is untrusted until its digest and signature were compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smic::contract {

inline constexpr std::uint32_t kImageVersion = 1;

// The target of an image that has no code: its object is the tables and nothing else, and whoever
// loads it runs the kernel that it has itself. Every unit has such an image, for nodes of any kind;
// of one whose code would only call the kernel it is the only one, so there is nothing to link.
inline constexpr std::string_view kPortableTarget = "portable";

using Bytes = std::vector<std::byte>;

// What a loader must know of a unit without running it.
struct Shape {
  std::vector<std::string> header_slots;      // lower-case names, in slot order
  std::vector<std::uint32_t> route_backends;  // for each route, how many backends (0 = unavailable)
  std::uint32_t source_classes = 1;           // valid classes are 0 .. source_classes-1
  std::uint32_t destinations = 0;             // valid destinations are 0 .. destinations-1

  bool operator==(const Shape&) const = default;
};

struct Image {
  std::string target;  // "x86_64-v2", "aarch64"
  Shape shape;
  std::span<const std::byte> object;  // ELF, relocatable, only text and read-only data; or tables
  std::span<const std::byte> tables;  // lies inside `object`
};

// Limits, so that a reader can size what it allocates.
inline constexpr std::size_t kMaxObjectBytes = std::size_t{1} << 28;
inline constexpr std::size_t kMaxImageBytes = kMaxObjectBytes + (std::size_t{1} << 25);
inline constexpr std::size_t kMaxTargetName = 32;
inline constexpr std::size_t kMaxHeaderSlots = 4096;
inline constexpr std::size_t kMaxHeaderName = 1024;
inline constexpr std::size_t kMaxRoutes = std::size_t{1} << 20;
inline constexpr std::uint32_t kMaxRouteBackends = 1 << 16;
inline constexpr std::uint32_t kMaxSourceClasses = 1 << 24;

// Is the shape within the limits, and are its header names distinct lower-case tokens?
Result<void> check_shape(const Shape& shape);

// `tables` must point into `object`, which is at most kMaxObjectBytes; the shape passes
// check_shape().
Bytes write_image(const Image& image);

// The spans of the result point into `bytes`.
Result<Image> read_image(std::span<const std::byte> bytes);

}  // namespace smic::contract
