// SPDX-License-Identifier: Apache-2.0
// Writing and reading of images. The reader owns no trust at all: a cursor hands out bytes or
// nothing, every count is compared with the bytes that are left before anything is allocated for
// it, and an image has exactly one spelling (no padding but zeros, no trailing bytes), so that
// read followed by write gives the same bytes.
//
// Tested by tests/unit/contract/image_test.cpp (every truncation, every single-byte corruption)
// and tests/fuzz/fuzz_image.cpp.
#include "contract/image.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "contract/abi.h"

namespace smic::contract {
namespace {

static_assert(std::endian::native == std::endian::little, "images are read and written in place");

constexpr char kMagic[8] = {'S', 'M', 'I', 'C', 'I', 'M', 'G', '\0'};
constexpr std::size_t kObjectAlignment = 64;  // so that the object can be read where it lies

struct Header {
  char magic[8];
  std::uint32_t image_version;
  std::uint32_t abi_version;
  std::uint32_t target_size;
  std::uint32_t shape_size;
  std::uint64_t object_size;
  std::uint64_t tables_offset;  // from the object's start
  std::uint64_t tables_size;
};
static_assert(sizeof(Header) == 48);

std::size_t aligned(std::size_t offset) {
  return (offset + kObjectAlignment - 1) / kObjectAlignment * kObjectAlignment;
}

// ---- writing -----------------------------------------------------------------------------------

class Writer {
 public:
  void bytes(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    out_.insert(out_.end(), first, first + size);
  }
  void number(std::uint32_t value) { bytes(&value, sizeof value); }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes(value.data(), value.size());
  }
  void pad_to(std::size_t offset) { out_.resize(offset); }
  std::size_t size() const { return out_.size(); }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

Bytes write_shape(const Shape& shape) {
  Writer out;
  out.number(shape.source_classes);
  out.number(shape.destinations);
  out.number(static_cast<std::uint32_t>(shape.header_slots.size()));
  for (const std::string& name : shape.header_slots) out.text(name);
  out.number(static_cast<std::uint32_t>(shape.route_backends.size()));
  for (const std::uint32_t count : shape.route_backends) out.number(count);
  return out.take();
}

// ---- reading -----------------------------------------------------------------------------------

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : left_(bytes) {}

  std::optional<std::span<const std::byte>> bytes(std::size_t size) {
    if (size > left_.size()) return std::nullopt;
    const auto taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  template <class T>
  bool value(T& out) {
    const auto raw = bytes(sizeof out);
    if (raw) std::memcpy(&out, raw->data(), sizeof out);
    return raw.has_value();
  }
  bool text(std::string& out, std::size_t size) {
    const auto raw = bytes(size);
    if (raw) out.assign(reinterpret_cast<const char*>(raw->data()), size);
    return raw.has_value();
  }
  std::size_t left() const { return left_.size(); }

 private:
  std::span<const std::byte> left_;
};

std::unexpected<Error> truncated(std::string_view part) {
  return fail("image is truncated in its " + std::string(part));
}

Result<void> read_header_slots(Reader& in, Shape& shape) {
  std::uint32_t count = 0;
  if (!in.value(count) || count > in.left() / sizeof(std::uint32_t)) return truncated("shape");
  shape.header_slots.resize(count);
  for (std::string& name : shape.header_slots) {
    std::uint32_t size = 0;
    if (!in.value(size) || !in.text(name, size)) return truncated("shape");
  }
  return {};
}

Result<Shape> read_shape(std::span<const std::byte> bytes) {
  Reader in(bytes);
  Shape shape;
  if (!in.value(shape.source_classes) || !in.value(shape.destinations)) return truncated("shape");
  if (const auto read = read_header_slots(in, shape); !read) return std::unexpected(read.error());

  std::uint32_t count = 0;
  if (!in.value(count) || count > in.left() / sizeof(std::uint32_t)) return truncated("shape");
  shape.route_backends.resize(count);
  for (std::uint32_t& backends : shape.route_backends) {
    if (!in.value(backends)) return truncated("shape");
  }
  if (in.left() != 0) return fail("image has bytes after its shape");
  if (const auto checked = check_shape(shape); !checked) return fail(checked, "image");
  return shape;
}

Result<Header> read_header(Reader& in) {
  Header header{};
  if (!in.value(header)) return truncated("header");
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return fail("not an image of smic");
  const auto expect = [](const char* what, std::uint32_t got, std::uint32_t want) -> Result<void> {
    if (got == want) return {};
    return fail(std::string(what) + " of the image is " + std::to_string(got) +
                ", this program knows " + std::to_string(want));
  };
  if (const auto same = expect("format version", header.image_version, kImageVersion); !same) {
    return std::unexpected(same.error());
  }
  if (const auto same = expect("decision ABI", header.abi_version, kAbiVersion); !same) {
    return std::unexpected(same.error());
  }
  if (header.target_size > kMaxTargetName) return fail("image has an overlong target name");
  return header;
}

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

bool is_lower_case_token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
  });
}

}  // namespace

Result<void> check_shape(const Shape& shape) {
  if (shape.header_slots.size() > kMaxHeaderSlots) return fail("shape has too many header names");
  for (const std::string& name : shape.header_slots) {
    if (name.size() > kMaxHeaderName) return fail("shape has an overlong header name");
    if (!is_lower_case_token(name) && name != kMethodHeader) {
      return fail("shape has a header name that is no token");
    }
  }
  std::vector<std::string_view> names(shape.header_slots.begin(), shape.header_slots.end());
  std::ranges::sort(names);
  if (std::ranges::adjacent_find(names) != names.end())
    return fail("shape has a header name twice");

  if (shape.route_backends.empty()) return fail("shape has no route");
  if (shape.route_backends.size() > kMaxRoutes) return fail("shape has too many routes");
  if (std::ranges::max(shape.route_backends) > kMaxRouteBackends) {
    return fail("shape has a route with too many backends");
  }
  if (shape.source_classes == 0 || shape.source_classes > kMaxSourceClasses) {
    return fail("shape has a number of source classes out of range");
  }
  if (shape.destinations > kMaxDestinations) return fail("shape has too many destinations");
  return {};
}

Bytes write_image(const Image& image) {
  SMIC_CHECK(check_shape(image.shape), "the shape of an image is out of limits");
  SMIC_CHECK(image.target.size() <= kMaxTargetName, "the target of an image has an overlong name");
  SMIC_CHECK(image.object.size() <= kMaxObjectBytes, "the object of an image is out of limits");
  SMIC_CHECK(
      image.tables.data() >= image.object.data() &&
          image.tables.data() + image.tables.size() <= image.object.data() + image.object.size(),
      "the tables of an image lie outside its object");

  const Bytes shape = write_shape(image.shape);
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.image_version = kImageVersion;
  header.abi_version = kAbiVersion;
  header.target_size = static_cast<std::uint32_t>(image.target.size());
  header.shape_size = static_cast<std::uint32_t>(shape.size());
  header.object_size = image.object.size();
  header.tables_offset = static_cast<std::uint64_t>(image.tables.data() - image.object.data());
  header.tables_size = image.tables.size();

  Writer out;
  out.bytes(&header, sizeof header);
  out.bytes(image.target.data(), image.target.size());
  out.bytes(shape.data(), shape.size());
  out.pad_to(aligned(out.size()));
  out.bytes(image.object.data(), image.object.size());
  SMIC_CHECK(out.size() <= kMaxImageBytes, "the limits of image.h do not add up");
  return out.take();
}

Result<Image> read_image(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxImageBytes) return fail("image is larger than the format allows");
  Reader in(bytes);
  const auto header = read_header(in);
  if (!header) return std::unexpected(header.error());

  Image image;
  if (!in.text(image.target, header->target_size)) return truncated("target");
  const auto shape_bytes = in.bytes(header->shape_size);
  if (!shape_bytes) return truncated("shape");
  auto shape = read_shape(*shape_bytes);
  if (!shape) return std::unexpected(shape.error());
  image.shape = std::move(*shape);

  const std::size_t here = bytes.size() - in.left();
  const auto padding = in.bytes(aligned(here) - here);
  if (!padding || in.left() < header->object_size) return truncated("object");
  if (!all_zero(*padding)) return fail("image has padding that is not zero");
  if (in.left() > header->object_size) return fail("image has bytes after its object");
  image.object = *in.bytes(in.left());

  // Written so that no sum can overflow.
  if (header->tables_offset > image.object.size() ||
      header->tables_size > image.object.size() - header->tables_offset) {
    return fail("image has tables that lie outside its object");
  }
  image.tables = image.object.subspan(header->tables_offset, header->tables_size);
  return image;
}

}  // namespace smic::contract
