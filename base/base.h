// SPDX-License-Identifier: Apache-2.0
// The front door of base/: what every folder may use, with no opinion about meshes.
//   result.h  the world failed: Result<T> and Error with a chain of contexts
//   freed.h   owns what a C library frees
//   check.h   we failed: SMIC_CHECK aborts with "bug:"
//   ids.h     StrongId<Tag>: an index that cannot be mistaken for another
//   overload.h  visits a std::variant, one lambda per alternative
//   ip.h      IP addresses and ranges, as bytes
//   utf8.h    what is UTF-8 and what is not
//   log.h     one line per event on stderr, text or JSON
//   command_line.h  options, operands, help and exit codes of the three programs
//   did_you_mean.h  names that were meant
// What the author of the input did wrong is not here: that is compiler/diagnostics.
#pragma once

#include "base/check.h"
#include "base/command_line.h"
#include "base/did_you_mean.h"
#include "base/freed.h"
#include "base/ids.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/overload.h"
#include "base/result.h"
#include "base/utf8.h"
