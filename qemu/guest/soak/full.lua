-- SPDX-License-Identifier: GPL-2.0-only
-- A workload for luajit: loops hot enough to be compiled, strings, tables, coroutines.
local total = 0
for i = 1, 20000 do total = (total * 31 + i % 7) % 1000003 end
print(total)
local sum = 0
for i = 1, 5000 do sum = sum + math.sin(i) * math.sqrt(i) end
print(string.format("%.10f", sum))
local t = {}
for i = 1, 500 do t[i] = (i * 7919) % 1009 end
table.sort(t)
print(t[1], t[250], t[500])
local co = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i * i) end end)
local s = 0
for i = 1, 100 do s = s + co() end
print(s)
print((string.rep("abc%d", 40):gsub("b(c)", "%1%1")))
print(pcall(error, "caught"))
