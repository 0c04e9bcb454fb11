// SPDX-License-Identifier: Apache-2.0
// The meaning of the portable tables (tables.h), as one text that is compiled twice: into the
// runtime, where it interprets the tables of an image (the portable engine), and to freestanding
// machine code for every target, which codegen links into the images of units with patterns (the
// native engine). Code of units with few patterns calls it for leaves with header conditions only.
//
// All functions are total on tables that check_tables() accepted: they end in time bounded by
// the length of the input, allocate nothing and read nothing outside tables and view.
#pragma once

#include <stdint.h>

#include "contract/abi.h"

namespace smic::contract {

extern "C" void smic_kernel_match(const uint8_t* tables, const RequestView* view, Verdict* verdict);
// Adds what the leaf (tables.h) says to the verdict.
extern "C" void smic_kernel_leaf(const uint8_t* tables, const RequestView* view, uint32_t leaf,
                                 Verdict* verdict);
extern "C" uint32_t smic_kernel_split(const uint8_t* tables, uint32_t route, uint64_t entropy);

// The runtime has the kernel for its baseline and for what most CPUs of today can do, which saves
// some per cent of a decision; this is the one for the CPU it runs on.
struct Kernel {
  void (*match)(const uint8_t* tables, const RequestView* view, Verdict* verdict);
  uint32_t (*split)(const uint8_t* tables, uint32_t route, uint64_t entropy);
};
const Kernel& kernel();

}  // namespace smic::contract
