/* Reads a capture with libpcap and does nothing with it: the limit for whoever decodes it. */
#include <pcap/pcap.h>
#include <stdio.h>

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: pcapread FILE\n");
    return 2;
  }
  char why[PCAP_ERRBUF_SIZE];
  pcap_t *capture = pcap_open_offline(arguments[1], why);
  if (!capture) {
    fprintf(stderr, "pcapread: %s\n", why);
    return 2;
  }
  struct pcap_pkthdr *header;
  const unsigned char *frame;
  unsigned long frames = 0, bytes = 0;
  int more;
  while ((more = pcap_next_ex(capture, &header, &frame)) == 1) {
    frames++;
    bytes += header->caplen;
  }
  if (more == PCAP_ERROR) fprintf(stderr, "pcapread: %s\n", pcap_geterr(capture));
  printf("%lu frames, %lu bytes\n", frames, bytes);
  pcap_close(capture);
  return more == PCAP_ERROR ? 2 : 0;
}
