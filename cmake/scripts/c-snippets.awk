# Writes every block that is fenced as C into a file of its own: OUT/1.c, OUT/2.c …
/^```c$/ { file = OUT "/" ++count ".c"; inside = 1; next }
/^```/ { if (inside) close(file); inside = 0; next }
inside { print > file }
