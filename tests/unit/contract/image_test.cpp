// SPDX-License-Identifier: Apache-2.0
#include "contract/image.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "contract/abi.h"

using namespace smic;
using namespace smic::contract;

namespace {

// The object is not looked into here, so any bytes serve.
Bytes sample_object() {
  Bytes object(200);
  for (std::size_t i = 0; i < object.size(); ++i) object[i] = static_cast<std::byte>(i * 7);
  return object;
}

Shape sample_shape() {
  return {.header_slots = {"user-agent", "host"},
          .route_backends = {2, 0, 1},
          .source_classes = 4,
          .destinations = 3};
}

Bytes sample_image() {
  const Bytes object = sample_object();
  return write_image({.target = "x86_64-v2",
                      .shape = sample_shape(),
                      .object = object,
                      .tables = std::span(object).subspan(64, 100)});
}

Bytes with_number_at(Bytes bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
  std::memcpy(bytes.data() + offset, &value, size);
  return bytes;
}

std::string refusal(const Bytes& bytes) {
  const auto image = read_image(bytes);
  return image ? "accepted" : image.error().message;
}

}  // namespace

TEST_CASE("an image reads back as it was written", "[image]") {
  const Bytes object = sample_object();
  const Bytes bytes = sample_image();
  const auto image = read_image(bytes);
  REQUIRE(image);
  CHECK(image->target == "x86_64-v2");
  CHECK(image->shape == sample_shape());
  CHECK(std::ranges::equal(image->object, object));
  CHECK(std::ranges::equal(image->tables, std::span(object).subspan(64, 100)));
  CHECK(image->tables.data() == image->object.data() + 64);
  CHECK(write_image(*image) == bytes);
}

TEST_CASE("the object of an image starts at a multiple of 64, whatever stands before it",
          "[image]") {
  const Bytes object = sample_object();
  for (std::size_t length = 1; length <= 70; ++length) {
    Shape shape = sample_shape();
    shape.header_slots = {std::string(length, 'x')};
    const Bytes bytes = write_image({"aarch64", shape, object, std::span(object).first(10)});
    const auto image = read_image(bytes);
    REQUIRE(image);
    CHECK((image->object.data() - bytes.data()) % 64 == 0);
  }
}

TEST_CASE("every truncation of an image is refused", "[image]") {
  const Bytes bytes = sample_image();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // A buffer of its own, so that a sanitizer sees a read past the end.
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    REQUIRE_FALSE(read_image(cut));
  }
}

TEST_CASE("an image with bytes after its end is refused", "[image]") {
  Bytes bytes = sample_image();
  bytes.push_back(std::byte{0});
  CHECK(refusal(bytes) == "image has bytes after its object");
}

TEST_CASE("a corrupted byte is refused or read, and what is read lies inside", "[image]") {
  const Bytes good = sample_image();
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes bytes = good;
      bytes[at] ^= static_cast<std::byte>(flip);
      const auto image = read_image(bytes);
      if (!image) continue;
      REQUIRE(image->tables.data() >= image->object.data());
      REQUIRE(image->tables.data() + image->tables.size() <= bytes.data() + bytes.size());
      REQUIRE(write_image(*image) == bytes);  // one spelling only
    }
  }
}

TEST_CASE("a refused image says why", "[image]") {
  const Bytes good = sample_image();
  Bytes other = good;
  other[0] = std::byte{'X'};
  CHECK(refusal(other) == "not an image of smic");
  CHECK(refusal(with_number_at(good, 8, 9, 4)) ==
        "format version of the image is 9, this program knows 1");
  CHECK(refusal(with_number_at(good, 12, 7, 4)) ==
        "decision ABI of the image is 7, this program knows 1");
  CHECK(refusal(with_number_at(good, 16, 1000, 4)) == "image has an overlong target name");
  CHECK(refusal(with_number_at(good, 20, 0xffffffff, 4)) == "image is truncated in its shape");
  CHECK(refusal(with_number_at(good, 24, ~0ull, 8)) == "image is truncated in its object");
  CHECK(refusal(with_number_at(good, 32, ~0ull, 8)) ==
        "image has tables that lie outside its object");
  CHECK(refusal(with_number_at(good, 40, ~0ull, 8)) ==
        "image has tables that lie outside its object");
  // The shape begins after header (48) and target (9): source classes, destinations, names.
  CHECK(refusal(with_number_at(good, 57, 0, 4)) ==
        "image: shape has a number of source classes out of range");
  CHECK(refusal(with_number_at(good, 61, kMaxDestinations + 1, 4)) ==
        "image: shape has too many destinations");
  CHECK(refusal(with_number_at(good, 65, 0x7fffffff, 4)) == "image is truncated in its shape");
  CHECK(refusal(with_number_at(good, 73, 'U', 1)) ==
        "image: shape has a header name that is no token");
}

TEST_CASE("a shape beyond a limit is refused by name", "[image]") {
  const auto refused = [](auto change) {
    Shape shape = sample_shape();
    change(shape);
    const auto checked = check_shape(shape);
    return checked ? "accepted" : checked.error().message;
  };
  CHECK(refused([](Shape&) {}) == "accepted");
  CHECK(refused([](Shape& s) { s.header_slots.resize(kMaxHeaderSlots + 1); }) ==
        "shape has too many header names");
  CHECK(refused([](Shape& s) { s.header_slots[0].assign(kMaxHeaderName + 1, 'a'); }) ==
        "shape has an overlong header name");
  CHECK(refused([](Shape& s) { s.header_slots[0] = ""; }) ==
        "shape has a header name that is no token");
  CHECK(refused([](Shape& s) { s.header_slots[0] = std::string("a\0b", 3); }) ==
        "shape has a header name that is no token");
  CHECK(refused([](Shape& s) { s.header_slots[0] = ":path"; }) ==
        "shape has a header name that is no token");
  CHECK(refused([](Shape& s) { s.header_slots[0] = kMethodHeader; }) == "accepted");
  CHECK(refused([](Shape& s) { s.header_slots[1] = s.header_slots[0]; }) ==
        "shape has a header name twice");
  CHECK(refused([](Shape& s) { s.route_backends.clear(); }) == "shape has no route");
  CHECK(refused([](Shape& s) { s.route_backends.resize(kMaxRoutes + 1); }) ==
        "shape has too many routes");
  CHECK(refused([](Shape& s) { s.route_backends[0] = kMaxRouteBackends + 1; }) ==
        "shape has a route with too many backends");
  CHECK(refused([](Shape& s) { s.source_classes = 0; }) ==
        "shape has a number of source classes out of range");
  CHECK(refused([](Shape& s) { s.source_classes = kMaxSourceClasses + 1; }) ==
        "shape has a number of source classes out of range");
  CHECK(refused([](Shape& s) { s.destinations = kMaxDestinations + 1; }) ==
        "shape has too many destinations");
}

TEST_CASE("an image beyond the size limit is refused before it is looked at", "[image]") {
  const std::byte one{};
  CHECK_FALSE(read_image(std::span(&one, kMaxImageBytes + 1)));  // never touched
}
